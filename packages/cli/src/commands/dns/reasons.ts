/**
 * Why a question has no answer, in a few words.
 */
import type { Lookup } from "@causeway/daemon/api";

const meanings: Readonly<Record<string, string>> = {
  NXDOMAIN: "there is no such name",
  SERVFAIL: "nobody could answer",
  REFUSED: "nobody would answer",
};

export function whyNot({ name, type, rcode }: Lookup): string {
  if (rcode === "NOERROR") return `"${name}" is there, and has no ${type} record`;
  return `"${name}": ${meanings[rcode] ?? "no answer"} (${rcode})`;
}
