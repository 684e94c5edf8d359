// A host with a resolver, and its name servers where the test wants them.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { TestHost, type TestHostOptions } from "./host.ts";

export interface DnsHost {
  readonly host: TestHost;
  /** Writes the host's resolv.conf anew. */
  readonly writeResolvConf: (text: string) => void;
}

/** @param resolvConf the text of the host's resolv.conf; undefined: there is no such file */
export async function dnsHost(
  t: Pick<TestContext, "after">,
  resolvConf: string | undefined,
  options: TestHostOptions = {},
): Promise<DnsHost> {
  const directory = mkdtempSync(join(tmpdir(), "causeway-resolv-"));
  const hostResolvConf = join(directory, "resolv.conf");
  const writeResolvConf = (text: string) => writeFileSync(hostResolvConf, text);
  if (resolvConf !== undefined) writeResolvConf(resolvConf);
  // Before the host ends, which does without: a failure there is the last thing to run.
  t.after(() => rmSync(directory, { recursive: true }));
  const host = await TestHost.create(t, { resolver: true, hostResolvConf, ...options });
  return { host, writeResolvConf };
}
