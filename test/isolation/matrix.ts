// Asks every question of the tables, and prints what came of them in the tables' own shape.

import { randomUUID } from "node:crypto";
import { ask, type Question } from "../support/traffic.ts";
import { addressOf, type Family, families, nameOf, type Protocol } from "./plan.ts";
import { patience, silence } from "./reach.ts";
import type { Scene } from "./scene.ts";
import type { Row, Table } from "./tables.ts";

/** A datagram that got lost is sent again: how often, and after how many milliseconds. */
const attempts = 3;
const interval = patience / attempts;
/** Questions under way at a time, so that this process, which asks and answers, is never late by much. */
const atATime = 96;

interface Cell {
  readonly table: Table;
  readonly row: Row;
  readonly asker: string;
  readonly family: Family;
  readonly protocol: Protocol;
  readonly expected: string;
}

export interface Outcome extends Cell {
  /** As in the tables. */
  readonly found: string;
}

/** Asks everything, and answers what was found. */
export async function runMatrix(scene: Scene, tables: readonly Table[]): Promise<readonly Outcome[]> {
  const cells = tables.flatMap(cellsOf);
  const run = randomUUID();
  const answers = await inParallel(cells, atATime, async (cell, at) => {
    const text = `question ${at} of ${run}`;
    return { cell, text, answer: await settle(scene, cell, text) };
  });
  return answers.map(({ cell, text, answer }) => {
    // Nothing may arrive, even if no answer gets back. Asked at the end, when the last packet has had its time.
    const waited = answer !== undefined && cell.expected !== "heard";
    const found = waited ? seenAs(cell, answer) : scene.heard(text) ? "heard" : "no";
    return { ...cell, found };
  });
}

function cellsOf(table: Table): Cell[] {
  return table.rows.flatMap((row) =>
    table.askers.flatMap((asker) =>
      families.flatMap((family) =>
        table.protocols.map((protocol) => {
          const [ipv4, ipv6] = row.expected.get(asker) ?? ["", ""];
          return { table, row, asker, family, protocol, expected: family === 4 ? ipv4 : ipv6 };
        }),
      ),
    ),
  );
}

async function settle(scene: Scene, cell: Cell, text: string): Promise<string | undefined> {
  const { asker, row, family, protocol, expected } = cell;
  const [name = "", port = ""] = row.at.split(":");
  const target = scene.targetOf(asker, name, family);
  if (target === undefined) return undefined;
  const question: Question = { protocol, ...target, port: Number(port), text };
  const namespace = scene.namespaceOf(asker);
  if (expected === "no" || expected === "heard") return ask(namespace, { ...question, timeout: silence });
  for (let attempt = 1; attempt < attempts; attempt++) {
    const answer = await ask(namespace, { ...question, timeout: interval });
    if (answer !== undefined) return answer;
  }
  return ask(namespace, { ...question, timeout: interval });
}

function seenAs({ asker, family }: Cell, answer: string): string {
  return asker !== "host" && answer === addressOf(asker, family) ? "own" : nameOf(answer);
}

async function inParallel<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item, at: number) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const waiting = items.entries();
  const worker = async () => {
    for (const [at, item] of waiting) results[at] = await work(item, at);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}

/** The tables with what was found in them; `!` marks what was not expected. */
export function render(tables: readonly Table[], outcomes: readonly Outcome[]): string {
  const cells = Map.groupBy(outcomes, ({ row, asker }) => cellKey(row, asker));
  return tables
    .map(({ title, askers, rows }) => {
      const lines = rows.map((row) => [
        row.what,
        row.at,
        ...askers.map((asker) => cellText(cells.get(cellKey(row, asker)) ?? [])),
      ]);
      return `${title}\n${aligned([["asked for", "at", ...askers], ...lines])}`;
    })
    .join("\n\n");
}

const cellKey = (row: Row, asker: string) => `${row.at} from ${asker}`;

function cellText(outcomes: readonly Outcome[]): string {
  const wrong = outcomes.filter(({ expected, found }) => expected !== found);
  if (wrong.length > 0) return wrong.map((outcome) => `!${transport(outcome)} ${outcome.found}`).join(" ");
  return [...new Set(outcomes.map(({ found }) => found))].join("/");
}

const transport = ({ protocol, family }: Cell) => `${protocol}${family}`;

/** What was found and not expected, one line each. */
export function deviations(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes
    .filter(({ expected, found }) => expected !== found)
    .map((outcome) => {
      const { asker, row, expected, found } = outcome;
      return `${asker} -> ${row.at} by ${transport(outcome)}: ${found}, not ${expected}`;
    });
}

/** Lines of cells in columns, as text. */
export function aligned(lines: readonly (readonly string[])[]): string {
  const widths = lines.reduce<readonly number[]>(
    (known, line) => line.map((cell, at) => Math.max(cell.length, known[at] ?? 0)),
    [],
  );
  return lines
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
