/**
 * What libnftables says when it refuses, taken apart: `<file>:<line>:<columns>: Error: <words>`, the line, and carets.
 */

export interface NftErrorOptions {
  /** The kernel's or the parser's words, such as `Could not process rule: File exists`. */
  readonly reason: string;
  /** The failing command; undefined where libnftables does not tell. */
  readonly command: string | undefined;
}

/** A refused nftables transaction: nothing of it was carried out. */
export class NftError extends Error {
  override readonly name = "NftError";
  readonly reason: string;
  /** The line of the transaction that was refused. */
  readonly command: string | undefined;
  /**
   * Symbolic errno where the kernel refused, such as `EEXIST`; undefined where the words name none (syntax errors).
   */
  readonly code: string | undefined;

  constructor({ reason, command }: NftErrorOptions) {
    super(command === undefined ? `nftables: ${reason}` : `nftables: ${reason}, in: ${shorten(command)}`);
    this.reason = reason;
    this.command = command;
    this.code = codes.find(([words]) => reason.endsWith(words))?.[1];
  }
}

/** A command may hold thousands of elements. */
const longestInMessage = 160;

function shorten(command: string): string {
  return command.length <= longestInMessage ? command : `${command.slice(0, longestInMessage)} ...`;
}

/** strerror(3) of what nf_tables answers with: libnftables gives words, not numbers. */
const codes: readonly (readonly [words: string, code: string])[] = [
  ["No such file or directory", "ENOENT"],
  ["File exists", "EEXIST"],
  ["Device or resource busy", "EBUSY"],
  ["Operation not permitted", "EPERM"],
  ["Operation not supported", "EOPNOTSUPP"],
  ["Invalid argument", "EINVAL"],
  ["Too many open files in system", "ENFILE"],
  ["Interrupted system call", "EINTR"],
  ["Cannot allocate memory", "ENOMEM"],
  ["No buffer space available", "ENOBUFS"],
  ["No space left on device", "ENOSPC"],
];

/** Reads the first complaint of what libnftables printed; `commands` is the transaction that it was about. */
export function readComplaint(printed: string, commands: string): NftError {
  const line = printed.split("\n").find((candidate) => candidate.includes("Error: ")) ?? printed.trim();
  const reason = line.slice(line.indexOf("Error: ") + "Error: ".length);
  const lineNumber = /^[^:]*:(\d+):\d+-\d+: /.exec(line)?.[1];
  const command = lineNumber === undefined ? undefined : commands.split("\n")[Number(lineNumber) - 1];
  return new NftError({ reason, command: command?.trim() });
}
