/**
 * What came out: plain data, and text.
 */
import { visible } from "../visible.ts";
import type { ClauseId } from "./clauses.ts";

export interface ClauseResult {
  readonly id: ClauseId;
  readonly level: "must" | "should";
  readonly text: string;
  /** `skipped`: not what this plugin is, or the plugin may refuse it and did, or what it builds on was broken already. */
  readonly outcome: "kept" | "broken" | "skipped";
  /** Of a broken one what was seen; of a skipped one why. */
  readonly evidence: readonly string[];
}

/** How much was made in the plugin, all in all. */
export interface Made {
  readonly networks: number;
  readonly endpoints: number;
  readonly pools: number;
  readonly addresses: number;
}

export interface Report {
  /** `unix:///run/docker/plugins/x.sock` */
  readonly address: string;
  /** What the handshake said. */
  readonly implements: readonly string[];
  /** Every clause, in the table's order. */
  readonly clauses: readonly ClauseResult[];
  /** How many calls were made. */
  readonly calls: number;
  readonly made: Made;
  /** What was made and could not be taken away again, each as a text: empty where all went. */
  readonly left: readonly string[];
  /** The check was ended by its signal: clauses that it did not come to are skipped. */
  readonly interrupted: boolean;
  /** No `must` is broken. */
  readonly passed: boolean;
}

/** For a terminal: what is broken first, then a line of numbers. `all`: every clause. */
export function reportText(report: Report, { all = false } = {}): string {
  const { address, clauses, calls } = report;
  const shown = clauses.filter(({ outcome }) => all || outcome === "broken");
  const count = (outcome: ClauseResult["outcome"]) =>
    clauses.filter((clause) => clause.outcome === outcome).length;
  const kinds = report.implements.join(", ") || "nothing";
  return [
    `${address} (${kinds})`,
    ...shown.flatMap(clauseLines),
    ...report.left.map((text) => `LEFT BEHIND      ${text}`),
    `${report.passed ? "passed" : "FAILED"}: ${count("kept")} kept, ${count("broken")} broken, ${count("skipped")} skipped, in ${calls} calls`,
    "",
  ]
    .map(visible)
    .join("\n");
}

function clauseLines({ id, level, text, outcome, evidence }: ClauseResult): string[] {
  const label = outcome === "broken" ? `BROKEN (${level})` : outcome;
  return [`${label.padEnd(16)} ${id}: ${text}`, ...evidence.map((line) => `${" ".repeat(17)}${line}`)];
}
