/**
 * What is known of each clause: kept, broken, or why it cannot be examined.
 */
import { type ClauseId, clauses } from "./clauses.ts";
import type { ClauseResult } from "./report.ts";

interface Verdict {
  outcome: ClauseResult["outcome"];
  readonly evidence: string[];
}

export class Verdicts {
  readonly #verdicts = new Map<ClauseId, Verdict>();

  /** A clause was kept or, once and for all, broken. */
  note(id: ClauseId, kept: boolean, evidence: string): void {
    const verdict = this.#verdicts.get(id) ?? { outcome: "kept", evidence: [] };
    if (verdict.outcome === "skipped") verdict.evidence.length = 0;
    if (verdict.outcome !== "broken") verdict.outcome = kept ? "kept" : "broken";
    if (!kept && !verdict.evidence.includes(evidence)) verdict.evidence.push(evidence);
    this.#verdicts.set(id, verdict);
  }

  /** It cannot be examined: that counts unless it was. */
  skip(id: ClauseId, reason: string): void {
    if (!this.#verdicts.has(id)) this.#verdicts.set(id, { outcome: "skipped", evidence: [reason] });
  }

  /** Of every clause, in the table's order. */
  results(): readonly ClauseResult[] {
    return (Object.keys(clauses) as ClauseId[]).map((id) => {
      const { outcome, evidence } = this.#verdicts.get(id) ?? notReached;
      return { id, ...clauses[id], outcome, evidence };
    });
  }
}

const notReached: Verdict = { outcome: "skipped", evidence: ["not reached"] };
