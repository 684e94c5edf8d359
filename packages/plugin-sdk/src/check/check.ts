/**
 * Whether a plugin keeps the protocol.
 */
import type { PluginAddress } from "../client/index.ts";
import { type ClauseId, clauses } from "./clauses.ts";
import { Examination, GivenUp } from "./examination.ts";
import { checkHandshake, checkHttp, checkSurvival } from "./handshake.ts";
import { checkIpamDriver, type IpamCheckOptions } from "./ipam/ipam-driver.ts";
import { checkNetworkDriver, type NetworkCheckOptions } from "./network/network-driver.ts";
import type { Report } from "./report.ts";

const driverClauses = [
  "network.",
  "endpoint.",
  "join.",
  "leave.",
  "external.",
  "discover.",
  "restart.network",
  "restart.endpoint",
];

export interface CheckOptions {
  /** Milliseconds for one answer. Default: 10 s. */
  readonly timeout?: number;
  /** Ends the check: what it has made is taken away, and the report says how far it came. */
  readonly signal?: AbortSignal;
  /** Kills the plugin and starts it again, where that can be done: then it is looked at what it remembers. */
  readonly restart?: () => Promise<void>;
  readonly network?: NetworkCheckOptions;
  readonly ipam?: IpamCheckOptions;
}

/**
 * Drives a plugin through every call of what it says that it is, and takes away again what it makes.
 *
 * A plugin that cannot be reached, or answers no more, gets a report, too: nothing is thrown.
 */
export async function checkPlugin(address: PluginAddress, options: CheckOptions = {}): Promise<Report> {
  using exam = new Examination(address, options.timeout ?? 10_000, options.signal);
  let kinds: readonly string[] = [];
  try {
    kinds = (await checkHandshake(exam)) ?? [];
    if (kinds.length > 0) await checkHttp(exam, kinds);
    if (kinds.includes("NetworkDriver")) await checkNetworkDriver(exam, options.network, options.restart);
    else skipAll(exam, driverClauses, "no NetworkDriver");
    if (kinds.includes("IpamDriver")) await checkIpamDriver(exam, options.ipam, options.restart);
    else skipAll(exam, ["ipam.", "restart.address"], "no IpamDriver");
    if (options.restart === undefined)
      skipAll(exam, ["restart."], "it is not known how to restart the plugin");
    if (kinds.length > 0) await checkSurvival(exam, kinds);
  } catch (error) {
    if (!(error instanceof GivenUp)) throw error;
  }
  await exam.cleanUp();
  return exam.report(kinds);
}

function skipAll(exam: Examination, beginnings: readonly string[], reason: string): void {
  for (const id of Object.keys(clauses) as ClauseId[]) {
    if (beginnings.some((beginning) => id.startsWith(beginning))) exam.skip(id, reason);
  }
}
