/**
 * Sockets that systemd has opened: sd_listen_fds(3).
 */

/** The first descriptor that is handed over. */
const firstDescriptor = 3;

/** Those that a server of this process listens on already. */
const taken = new Set<number>();

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The descriptor that was handed over for a plugin: the one that is named `NAME` or `NAME.socket` (FileDescriptorName=, or the unit's own name), and if
 * there is but one, that one.
 *
 * @returns undefined where there is none
 */
export function takeActivatedSocket(
  name: string,
  environment: Environment = process.env,
): number | undefined {
  if (Number(environment.LISTEN_PID) !== process.pid) return undefined;
  const count = Number(environment.LISTEN_FDS ?? 0);
  const names = (environment.LISTEN_FDNAMES ?? "").split(":");
  const free = Array.from({ length: count }, (_, index) => ({
    descriptor: firstDescriptor + index,
    name: names[index] ?? "",
  })).filter(({ descriptor }) => !taken.has(descriptor));
  const named = free.find((socket) => socket.name === name || socket.name === `${name}.socket`);
  const [only] = count === 1 ? free : [];
  const chosen = named ?? only;
  if (chosen === undefined) return undefined;
  taken.add(chosen.descriptor);
  return chosen.descriptor;
}
