/**
 * What goes wrong in the command line, each with the status that the process ends with. The guide lists them:
 * docs/guide/command-line.md.
 */

export const exitCodes = {
  ok: 0,
  /** The daemon refused, or the doctor found something. */
  refused: 1,
  /** The command line is not one that we understand. */
  usage: 2,
  notFound: 3,
  /** No daemon answers, or it cannot at the moment. */
  unavailable: 69,
  /** A fault of ours. */
  internal: 70,
  /** The socket is not for this user. */
  permission: 77,
  interrupted: 130,
  /** Nobody reads what we write: what SIGPIPE ends others with. */
  brokenPipe: 141,
} as const;

export class CliError extends Error {
  override readonly name: string = "CliError";
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Of what was typed. */
export function usageError(message: string): CliError {
  return new CliError(exitCodes.usage, message);
}

/** What to say of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
