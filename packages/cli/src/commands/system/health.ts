/**
 * Findings of the doctor, drawn.
 */

import type { HealthItem } from "@causeway/daemon/api";
import type { Output } from "../../output/output.ts";
import { printable } from "../../output/printable.ts";

/** By what they are about, each with its mend. */
export function healthText(items: readonly HealthItem[], { paint }: Pick<Output, "paint">): string {
  const groups = Map.groupBy(items, ({ subject }) => printable(subjectText(subject)));
  return [...groups].map(([subject, found]) => group(subject, found, paint)).join("\n");
}

function subjectText({ kind, name, id }: HealthItem["subject"]): string {
  const which = name ?? id?.slice(0, 12);
  return which === undefined ? kind : `${kind} ${which}`;
}

function group(subject: string, items: readonly HealthItem[], paint: Output["paint"]): string {
  const lines = items.flatMap(({ message, mend, code, nature, repairable }) => [
    `  ${nature === "kept" ? paint("dim", "·") : paint("red", "✗")} ${printable(message)} ${paint("dim", `(${code})`)}\n`,
    `    ${paint("dim", "mend:")} ${printable(mend)}${repairable ? paint("green", " — or: causeway repair") : ""}\n`,
  ]);
  return `${paint("bold", subject)}\n${lines.join("")}`;
}
