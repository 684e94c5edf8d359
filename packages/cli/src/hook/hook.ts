/**
 * What the hook does: attach before the container's process is started, let go when it has ended. Both may be asked for again.
 */
import type { Adopted } from "@causeway/daemon/api";
import { parseAddress } from "../client/address.ts";
import { Client, path } from "../client/client.ts";
import { CliError, exitCodes, messageOf, usageError } from "../errors.ts";
import { printable } from "../output/printable.ts";
import { adoptionOf } from "./annotations.ts";
import { mountFiles } from "./files.ts";
import { type OciState, readState } from "./state.ts";

/** What is used of the process. */
export interface HookProcess {
  readonly stdin: AsyncIterable<Buffer>;
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * @param words `--host ADDRESS`, or nothing
 * @returns the exit status: any but 0 lets the runtime refuse the container
 */
export async function runHook(
  words: readonly string[],
  { stdin, stderr, env }: HookProcess,
): Promise<number> {
  try {
    const address = parseAddress(addressIn(words) ?? env.CAUSEWAY_HOST);
    if (address.kind !== "unix") throw usageError("the daemon must be on this host: unix:///path.sock");
    const client = new Client({ address, tls: () => ({}) });
    const state = await readState(stdin);
    if (state.status === "creating" || state.status === "created") await attach(client, state);
    else if (state.status === "stopped") await client.delete(path("adoptions", state.id));
    else
      throw usageError(
        `status "${state.status}" is none of createRuntime and poststop, which this is a hook for`,
      );
    return exitCodes.ok;
  } catch (error) {
    stderr.write(`causeway oci-hook: ${printable(messageOf(error))}\n`);
    return error instanceof CliError ? error.exitCode : exitCodes.internal;
  }
}

async function attach(client: Client, { id, pid, bundle, annotations }: OciState): Promise<void> {
  if (pid === undefined) throw usageError(`the state of container ${id} has no pid`);
  const place = path("adoptions", id);
  const { files } = await client.put<Adopted>(place, adoptionOf(annotations, pid));
  try {
    await mountFiles(bundle, pid, files);
  } catch (error) {
    await client.delete(place);
    throw error;
  }
}

function addressIn(words: readonly string[]): string | undefined {
  const [option, address, ...more] = words;
  if (option === undefined) return undefined;
  if ((option === "--host" || option === "-H") && address !== undefined && more.length === 0) return address;
  throw usageError(`"${words.join(" ")}" is not understood: there is --host ADDRESS alone`);
}
