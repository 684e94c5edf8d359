/**
 * Listening on a unix socket: never in the place of another process, and with its mode from the moment that it can be seen.
 */
import { once } from "node:events";
import type { Server } from "node:http";
import { connect } from "node:net";
import { basename, dirname, join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { codeOf, PluginError } from "../errors.ts";
import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync } from "../files.ts";

/** sun_path of unix(7), without the NUL at its end. */
const longestPath = 107;

let bound = 0;

/**
 * The directory above is made (0755) where it is missing; what a process that died has left is taken away.
 *
 * @param mode of the socket
 * @returns takes the socket away; one that somebody else has put in its place meanwhile stays
 * @throws PluginError socket_in_use, socket_path_taken, socket_path_too_long
 */
export async function listenOnUnixSocket(server: Server, path: string, mode: number): Promise<() => void> {
  // Under another name first: whoever finds the socket finds one that listens and has its mode.
  const nursery = join(dirname(path), `.${process.pid}-${++bound}`);
  const longer = Buffer.byteLength(path) > Buffer.byteLength(nursery) ? path : nursery;
  if (Buffer.byteLength(longer) > longestPath)
    throw new PluginError(
      "socket_path_too_long",
      `"${path}" is longer than a unix socket's ${longestPath} bytes`,
    );
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  await refuseTakenPath(path);
  // Nobody else's even for the moment before its mode is set, whatever the umask is. It is bound when listen returns.
  closedMask(() => server.listen(nursery));
  if (!server.listening) await once(server, "listening");
  try {
    chmodSync(nursery, mode);
    const { ino } = lstatSync(nursery);
    renameSync(nursery, path);
    return () => {
      if (lstatSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path, { force: true });
    };
  } catch (error) {
    server.close();
    throw error;
  }
}

/** The umask is the whole process's: a worker thread may not change it. */
function closedMask(action: () => void): void {
  const umask = isMainThread ? process.umask(0o177) : undefined;
  try {
    action();
  } finally {
    if (umask !== undefined) process.umask(umask);
  }
}

async function refuseTakenPath(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket())
    throw new PluginError(
      "socket_path_taken",
      `${path} is there and no socket: move it away, or name another path`,
    );
  if (await answers(path))
    throw new PluginError(
      "socket_in_use",
      `another process listens on ${path}: end it, or give ${basename(path)} another name`,
    );
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    // Whatever else is the matter with it, it is not ours to take away.
    probe.once("error", (error) => resolve(!["ECONNREFUSED", "ENOENT"].includes(codeOf(error) ?? "")));
  });
}
