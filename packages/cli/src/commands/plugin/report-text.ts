/**
 * What a check found, as a table: what is broken with what was seen, then numbers.
 */
import type { ClauseResult, Report } from "@causeway/plugin-sdk";
import type { Color } from "../../output/colors.ts";
import type { Output } from "../../output/output.ts";
import { printable } from "../../output/printable.ts";
import { table } from "../../output/table.ts";

const colors: Record<ClauseResult["outcome"], Color> = { kept: "green", broken: "red", skipped: "dim" };

export function reportLines(report: Report, output: Output, all: boolean): string {
  const { address, clauses, calls, passed } = report;
  const shown = clauses.filter(({ outcome }) => all || outcome === "broken");
  const count = (outcome: ClauseResult["outcome"]) =>
    clauses.filter((clause) => clause.outcome === outcome).length;
  const rows = shown.map(({ id, level, outcome }) => [output.paint(colors[outcome], outcome), level, id]);
  const [titles, ...lines] = table([["OUTCOME", "LEVEL", "CLAUSE"], ...rows])
    .trimEnd()
    .split("\n");
  const explained = lines.flatMap((line, at) => [line, ...(shown[at] === undefined ? [] : said(shown[at]))]);
  const verdict = passed ? output.paint("green", "passed") : output.paint("red", "FAILED");
  const { networks, endpoints, pools, addresses } = report.made;
  const left = report.left.map((text) => output.paint("yellow", `left behind: ${printable(text)}`));
  return [
    printable(`${address}: ${report.implements.join(", ") || "it does not say what it is"}`),
    ...(shown.length > 0 ? [titles, ...explained] : []),
    `${verdict}: ${count("kept")} kept, ${count("broken")} broken, ${count("skipped")} skipped, in ${calls} calls`,
    `made and taken away: ${networks} networks, ${endpoints} endpoints, ${pools} pools, ${addresses} addresses`,
    ...left,
    "",
  ].join("\n");
}

function said({ text, outcome, evidence }: ClauseResult): readonly string[] {
  const lines = outcome === "kept" ? [text] : [text, ...evidence.map((line) => `- ${line}`)];
  return lines.map((line) => `    ${printable(line)}`);
}
