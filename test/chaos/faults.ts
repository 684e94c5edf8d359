// Which errors are plausible at which crossing.

import type { Fault } from "@causeway/kernel";

const fails = (...codes: readonly string[]): readonly Fault[] => codes.map((code) => ({ code }));
/** The call was made: somebody had done the same before, or its answer was lost. */
const lost = (...codes: readonly string[]): readonly Fault[] => codes.map((code) => ({ code, made: true }));
const torn: Fault = { code: "EIO", torn: true };

/** First match of the label counts (guard.ts). */
const table: readonly (readonly [label: RegExp, faults: readonly Fault[]])[] = [
  // Netlink: refusals of the kernel, one request at a time.
  [/^netlink RTM_NEWLINK/, fails("ENOMEM", "EBUSY", "ENOBUFS", "EPERM", "EEXIST")],
  [/^netlink RTM_NEW/, [...fails("ENOMEM", "EBUSY", "ENOBUFS", "EPERM", "ENODEV"), ...lost("EEXIST")]],
  [/^netlink RTM_(SET|DEL)LINK/, [...fails("ENOMEM", "EBUSY", "ENOBUFS", "EPERM"), ...lost("ENODEV")]],
  [/^netlink RTM_DEL/, [...fails("ENOMEM", "EBUSY", "ENOBUFS", "EPERM"), ...lost("ESRCH")]],
  [/^netlink RTM_GET/, fails("ENOMEM", "ENOBUFS", "EBUSY")],
  [/^netlink NFT_MSG_GET/, fails("ENOMEM", "ENOBUFS")],
  [/^netlink NFT_MSG/, fails("ENOMEM", "EBUSY", "ENOBUFS", "EPERM", "ENOSPC", "EEXIST", "ENOENT")],
  [/^netlink/, fails("ENOMEM", "EBUSY", "ENOBUFS", "EPERM")],
  [/^nftables/, fails("ENOMEM", "EBUSY", "ENOBUFS", "EPERM", "ENOSPC", "EEXIST", "ENOENT")],
  // System calls. That one which a signal interrupts (EINTR) is made again is one function, with a test of its own: once is enough here.
  [/^syscall send/, fails("ENOBUFS")],
  [/^syscall recv/, [...lost("ENOBUFS"), torn]],
  [/^syscall socket/, fails("EMFILE", "ENOBUFS")],
  [/^syscall (open|memfd_create)/, fails("EMFILE", "ENOMEM", "EINTR")],
  [/^syscall (bind|listen)/, fails("EADDRINUSE", "ENOMEM", "EPERM")],
  [/^syscall setsockopt/, fails("ENOMEM")],
  [/^syscall unshare/, fails("ENOSPC", "ENOMEM", "EPERM")],
  // The way back must not fail: where it does the process ends, which is a kill.
  [/^syscall setnsBack/, []],
  [/^syscall setns/, fails("ENOMEM", "EPERM")],
  [/^syscall mount/, fails("ENOMEM", "EBUSY", "EPERM", "ENOSPC")],
  [/^syscall umount/, fails("EBUSY", "EPERM", "ENOMEM")],
  [/^syscall close/, lost("EIO")],
  [/^syscall/, fails("ENOMEM", "EINTR", "EPERM")],
  // Files.
  [/^file existsSync/, []],
  [/^file close/, lost("EIO")],
  [/^file openSync/, fails("EMFILE", "ENOSPC", "EIO", "EPERM", "EINTR")],
  [/^file (read|readdir|stat|lstat|fstat)/, fails("EIO", "EMFILE", "EPERM")],
  [/^file (rm|unlink)/, fails("EBUSY", "EIO", "EPERM")],
  [/^file/, fails("ENOSPC", "EIO", "EPERM", "EMFILE")],
  // The store: SQLite makes of an errno its own code (store/sqlite.ts).
  [/^store (get|all)/, fails("EIO", "ENOMEM", "EBUSY")],
  [/^store/, fails("ENOSPC", "EIO", "EBUSY", "ENOMEM", "EPERM")],
];

export function plausibleFaults(label: string): readonly Fault[] {
  return table.find(([pattern]) => pattern.test(label))?.[1] ?? [];
}

export function faultText({ code, made, torn: cut }: Fault): string {
  if (cut === true) return "torn";
  return made === true ? `${code}-done` : code;
}
