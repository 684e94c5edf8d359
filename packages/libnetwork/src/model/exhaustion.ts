/**
 * What it means when the kernel says that something has run out: which limit it was, its value where that can be read, and
 * the mend. Here for all operations: where the kernel's refusal arises, nobody can say more of it.
 */
import { causesOf, files, isKernelError, NftError, withReserve } from "@causeway/kernel";
import { CausewayError } from "../errors.ts";

interface ResourceEnd {
  /** The error's stable code. */
  readonly code: string;
  /** Whether a refusal is by this limit. */
  isMet(error: Error, errno: string): boolean;
  /** What has run out, and what to do about it. */
  message(): string;
}

const setOperations = ["NFT_MSG_NEWSETELEM", "NFT_MSG_DELSETELEM"];

function isOfPacketFilter(error: Error): boolean {
  return error instanceof NftError || (isKernelError(error) && setOperations.includes(error.operation));
}

const ends: readonly ResourceEnd[] = [
  {
    code: "firewall_set_full",
    isMet: (error, errno) => errno === "ENFILE" && isOfPacketFilter(error),
    message: () =>
      "a set of the packet filter takes no more elements: take ports or endpoints back that are not needed",
  },
  {
    code: "file_descriptors_exhausted",
    isMet: (_, errno) => errno === "EMFILE" || errno === "ENFILE",
    message: () =>
      `no file descriptor is left (this process may have ${descriptorLimit()}): raise the limit (ulimit -n, LimitNOFILE=), or have fewer published ports and open files`,
  },
  {
    code: "namespaces_exhausted",
    isMet: (error, errno) => errno === "ENOSPC" && isKernelError(error) && error.operation === "unshare",
    message: () =>
      `no network namespace is left (user.max_net_namespaces is ${setting("user/max_net_namespaces")}): raise it with sysctl, or delete sandboxes`,
  },
  {
    code: "mounts_exhausted",
    isMet: (error, errno) => errno === "ENOSPC" && isKernelError(error) && error.operation === "mount --bind",
    message: () =>
      `no mount is left to keep a namespace by (fs.mount-max is ${setting("fs/mount-max")}): raise it with sysctl, or delete sandboxes`,
  },
  {
    code: "bridge_full",
    isMet: (_, errno) => errno === "EXFULL",
    message: () =>
      "the network's bridge has 1,023 ports, and Linux allows no more: delete endpoints, or make another network for the next ones",
  },
  {
    code: "out_of_memory",
    isMet: (error, errno) =>
      (errno === "ENOMEM" || errno === "ENOBUFS") && (isKernelError(error) || error instanceof NftError),
    message: () =>
      "the kernel has no memory for it: free some, or raise the limit of the process's memory cgroup, and try again",
  },
];

/**
 * The error to throw instead of `error`: one of kind `unavailable` where a resource had run out, with `error` as its cause;
 * otherwise `error` itself.
 */
export function exhaustion(error: unknown): unknown {
  if (error instanceof CausewayError && ends.some(({ code }) => code === error.code)) return error;
  for (const cause of causesOf(error)) {
    const errno = "code" in cause ? String(cause.code) : "";
    const end = ends.find(({ isMet }) => isMet(cause, errno));
    if (end === undefined) continue;
    const message = `${end.message()} (${cause.message})`;
    return new CausewayError("unavailable", end.code, message, { cause: error });
  }
  return error;
}

function setting(key: string): string {
  return readLimit(`/proc/sys/${key}`).trim();
}

function descriptorLimit(): string {
  return /^Max open files\s+(\S+)/m.exec(readLimit("/proc/self/limits"))?.[1] ?? "too few";
}

/** A message is better without the value than not at all. */
function readLimit(path: string): string {
  try {
    return withReserve(() => files.readFileSync(path, "utf8"));
  } catch {
    return "unknown";
  }
}
