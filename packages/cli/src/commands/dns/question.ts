/**
 * A question that is asked in a sandbox's place, and whether it was answered.
 */
import type { Lookup } from "@causeway/daemon/api";
import type { Command } from "commander";
import { type Client, path } from "../../client/client.ts";
import { exitCodes } from "../../errors.ts";
import type { Output } from "../../output/output.ts";
import { whileWaiting } from "../../output/progress.ts";
import { named } from "../names.ts";
import { given } from "../options.ts";

export interface QuestionOptions {
  readonly type?: string;
}

export const questionTypes = ["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT", "ANY"];

export function addQuestion(command: Command): Command {
  return command
    .argument("<sandbox>", "name, container id, id, or beginning of an id")
    .argument("<name>", "a name, an address, or a service: _http._tcp.web")
    .option("--type <type>", "of the record (default: A; PTR for an address, SRV for a service)");
}

/** @param how `lookup`, or `trace` */
export function ask<T>(
  { client, output }: { readonly client: Client; readonly output: Output },
  how: "lookup" | "trace",
  [sandbox = "", name = ""]: readonly string[],
  { type }: QuestionOptions,
): Promise<T> {
  const query = { name, ...given({ type: type ?? (isService(name) ? "SRV" : undefined) }) };
  const asked = client.get<T>(path("sandboxes", sandbox, how), { query });
  return named(client, "sandbox", sandbox, () => whileWaiting(output, `asking for ${name}`, asked));
}

/** RFC 2782: `_http._tcp.web`. */
function isService(name: string): boolean {
  return /^_[^.]+\._(tcp|udp|sctp)\./i.test(name);
}

export function statusOf({ rcode, answers }: Lookup): number {
  return rcode === "NOERROR" && answers.length > 0 ? exitCodes.ok : exitCodes.refused;
}
