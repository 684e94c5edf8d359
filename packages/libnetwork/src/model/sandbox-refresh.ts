/**
 * New options of a sandbox, and its stack built anew.
 */

import { assertAlive } from "./lost.ts";
import { renew } from "./membership.ts";
import { announceNames, reviewHostFiles } from "./names/host-files.ts";
import { answerAgain, hasResolver, openResolver } from "./names/sandbox-resolver.ts";
import { put } from "./records.ts";
import type { SandboxCore } from "./sandbox-core.ts";
import { changedSandboxOptions, type SandboxOptions } from "./sandbox-options.ts";
import { refuseShared } from "./sharing.ts";
import { undoing } from "./undo.ts";

/** What of a sandbox may change while it is there. */
export type RefreshOptions = Pick<
  SandboxOptions,
  "hostname" | "domainname" | "extraHosts" | "dns" | "dnsSearch" | "dnsOptions" | "labels"
>;

/** Whoever calls holds the locks of the sandbox and of the endpoints in it. */
export async function refreshSandbox(sandbox: SandboxCore, given: RefreshOptions): Promise<void> {
  const { engine, joined, record: before } = sandbox;
  await undoing(async (undo) => {
    assertAlive(sandbox);
    refuseShared(sandbox, "refresh");
    const record = { ...before, options: changedSandboxOptions(before.options, given) };
    await engine.commit(put("sandbox", record));
    sandbox.record = record;
    undo.push(async () => {
      sandbox.record = before;
      await engine.commit(put("sandbox", before));
      // Where the resolver could not put its place there in order, it has let go of it.
      if (hasResolver(sandbox)) openResolver(sandbox);
      announceNames(sandbox);
    });
    reviewHostFiles(sandbox);
    announceNames(sandbox);
    for (const endpoint of [...joined]) await renew(endpoint, sandbox);
    if (sandbox.answered) await answerAgain(sandbox);
  });
}
