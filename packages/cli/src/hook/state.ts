/**
 * What a runtime tells its hooks on standard input: https://github.com/opencontainers/runtime-spec/blob/main/runtime.md#state
 */
import { CliError, exitCodes, messageOf } from "../errors.ts";

export interface OciState {
  readonly id: string;
  readonly status: string;
  /** Absent, or 0, when it has ended. */
  readonly pid: number | undefined;
  readonly bundle: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Larger than any, bytes. */
const largest = 1 << 20;

/** @throws CliError */
export async function readState(input: AsyncIterable<Buffer>): Promise<OciState> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of input) {
    parts.push(part);
    length += part.length;
    if (length > largest) throw refused(`it has more than ${largest} bytes`);
  }
  return stateIn(Buffer.concat(parts).toString());
}

export function stateIn(text: string): OciState {
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch (error) {
    throw refused(text.trim() === "" ? "there is nothing" : messageOf(error));
  }
  if (typeof state !== "object" || state === null) throw refused("it is not an object");
  const { id, status, pid, bundle, annotations = {} } = state as Readonly<Record<string, unknown>>;
  if (typeof id !== "string" || id === "") throw refused("it has no id");
  if (typeof status !== "string") throw refused("it has no status");
  if (typeof bundle !== "string") throw refused("it has no bundle");
  if (typeof annotations !== "object" || annotations === null)
    throw refused("its annotations are not an object");
  return {
    id,
    status,
    pid: typeof pid === "number" && Number.isInteger(pid) && pid > 0 ? pid : undefined,
    bundle,
    annotations: annotations as Readonly<Record<string, string>>,
  };
}

function refused(why: string): CliError {
  const message = `standard input is no state of an OCI container: ${why}; an OCI runtime starts this as a hook`;
  return new CliError(exitCodes.usage, message);
}
