/**
 * Failed system calls and missing features, with what a person needs to mend them.
 */
import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";

const nameOfErrno = new Map<number, string>();
for (const [name, number] of Object.entries(constants.errno)) {
  // Linux gives EAGAIN/EWOULDBLOCK and EOPNOTSUPP/ENOTSUP one number each: the first name is the kernel's.
  if (!nameOfErrno.has(number) && name !== "EWOULDBLOCK" && name !== "ENOTSUP") nameOfErrno.set(number, name);
}
// errno.h numbers that Node's table leaves out and networking code meets.
for (const [number, name] of [
  [54, "EXFULL"],
  [77, "EBADFD"],
  [81, "ELIBBAD"],
  [95, "EOPNOTSUPP"],
  [117, "EUCLEAN"],
  [524, "ENOTSUPP"],
] as const) {
  nameOfErrno.set(number, name);
}

/** The symbolic name of an errno (positive), `E<number>` where there is none. Source: errno(3). */
export function errnoName(errno: number): string {
  return nameOfErrno.get(errno) ?? `E${errno}`;
}

export interface KernelErrorOptions {
  /** What was asked for: a system call or a netlink message, such as `setns` or `RTM_NEWLINK`. */
  readonly operation: string;
  /** On what: a path, an interface, an address. */
  readonly subject?: string;
  /** Positive errno. */
  readonly errno: number;
  /** The kernel's own words (extended acknowledgement), where it gave any. */
  readonly kernelMessage?: string;
}

/** A request that the kernel refused: which one, on what, why. */
export class KernelError extends Error {
  override readonly name = "KernelError";
  readonly operation: string;
  readonly subject: string | undefined;
  readonly errno: number;
  /** Symbolic errno, such as `EEXIST`: what to compare with. */
  readonly code: string;
  readonly kernelMessage: string | undefined;

  constructor(options: KernelErrorOptions) {
    const code = errnoName(options.errno);
    const on = options.subject === undefined ? "" : ` ${options.subject}`;
    const words = options.kernelMessage === undefined ? "" : `: ${options.kernelMessage}`;
    super(`${options.operation}${on} failed with ${code}${words}`);
    this.operation = options.operation;
    this.subject = options.subject;
    this.errno = options.errno;
    this.code = code;
    this.kernelMessage = options.kernelMessage;
  }

  /** What to make the same error from on another thread: an error's class does not survive postMessage(). */
  toOptions(): KernelErrorOptions {
    const { operation, subject, errno, kernelMessage } = this;
    return {
      operation,
      errno,
      ...(subject === undefined ? {} : { subject }),
      ...(kernelMessage === undefined ? {} : { kernelMessage }),
    };
  }
}

/** True where `error` is a {@link KernelError} with one of these errno names. */
export function isKernelError(error: unknown, ...codes: readonly string[]): error is KernelError {
  return error instanceof KernelError && (codes.length === 0 || codes.includes(error.code));
}

/** The error, and what each was caused by, outermost first. Of several that were met on one way, the first. */
export function causesOf(error: unknown): readonly Error[] {
  const causes: Error[] = [];
  for (let next = error; next instanceof Error && !causes.includes(next); ) {
    causes.push(next);
    next = next instanceof AggregateError ? next.errors[0] : next.cause;
  }
  return causes;
}

/** True where the error, or one that caused it, has one of these `code`s: a KernelError's, or one of Node.js. */
export function hasCause(error: unknown, ...codes: readonly string[]): boolean {
  return causesOf(error).some((cause) => "code" in cause && codes.includes(String(cause.code)));
}

/** The {@link KernelError} behind an error of node:fs; any other error as it is. */
export function fromNodeError(error: unknown, operation: string, subject: string): unknown {
  if (!(error instanceof Error) || !("errno" in error) || typeof error.errno !== "number") return error;
  const [, kernelMessage] = getSystemErrorMap().get(error.errno) ?? [];
  return new KernelError({
    operation,
    subject,
    errno: -error.errno,
    ...(kernelMessage === undefined ? {} : { kernelMessage }),
  });
}

/** Something that this machine lacks: what it is, and how to come by it. */
export class UnsupportedFeatureError extends Error {
  override readonly name = "UnsupportedFeatureError";
  readonly code = "unsupported_feature";
  readonly feature: string;
  /** What the reader can do about it. */
  readonly mend: string;

  constructor(feature: string, mend: string, cause?: unknown) {
    super(`${feature} is not available: ${mend}`, cause === undefined ? undefined : { cause });
    this.feature = feature;
    this.mend = mend;
  }
}
