// Finds a bench, runs it, holds its figures against their bars and prints them: everything of `npm run bench` but the machine.

import { cpus, loadavg, release } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { findFiles } from "../../scripts/lib/files.ts";
import { type Bar, type Bench, type JudgedFigure, judge } from "./bench.ts";

/** Exit status: every figure holds its bar, one falls short, or the bench could not run. */
export type Status = 0 | 1 | 2;

/** Where the runner writes. */
export interface Streams {
  out(text: string): void;
  err(text: string): void;
}

/** A command line, understood. */
export type Request =
  | { readonly kind: "list" }
  | { readonly kind: "help" }
  | { readonly kind: "run"; readonly name: string; readonly json: boolean };

export const usage = `usage: npm run bench -- NAME [--json], or --list

  NAME       runs this bench: status 0 when every figure holds its bar, 1 when one falls short, 2 when it could not run
  --json     prints the figures as JSON
  --list     names the benches, and says what each measures
  --help     this`;

/** @throws Error on an unknown option, no name or several */
export function parseRequest(args: readonly string[]): Request {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return { kind: "help" };
  if (values.list) return { kind: "list" };
  const [name, ...more] = positionals;
  if (name === undefined) throw new Error(usage);
  if (more.length > 0) throw new Error(`one bench at a time: leave out ${more.join(", ")}\n\n${usage}`);
  return { kind: "run", name, json: values.json };
}

/** Prints the name and the description of every `*.bench.ts` in a directory. */
export async function listBenches(directory: string, { out }: Streams): Promise<Status> {
  const names = benchNames(directory);
  const width = Math.max(...names.map((name) => name.length));
  for (const name of names) out(`${name.padEnd(width)}  ${(await load(directory, name)).description}\n`);
  return 0;
}

/** Runs one bench of a directory; what goes wrong is told on the error stream. */
export async function runBench(
  directory: string,
  { name, json }: { readonly name: string; readonly json: boolean },
  { out, err }: Streams,
): Promise<Status> {
  const names = benchNames(directory);
  if (!names.includes(name)) {
    err(`there is no bench "${name}"; there are: ${names.join(", ")}\n`);
    return 2;
  }
  try {
    const bench = await load(directory, name);
    const measured = await bench.run({ log: (message) => err(`${message}\n`) });
    if (measured.length === 0) throw new Error("it measured nothing");
    const figures = measured.map(judge);
    out(json ? `${JSON.stringify(report(name, figures))}\n` : table(name, figures));
    return figures.every(({ ok }) => ok) ? 0 : 1;
  } catch (error) {
    err(`bench ${name} could not run: ${error instanceof Error ? error.stack : error}\n`);
    return 2;
  }
}

function benchNames(directory: string): string[] {
  return findFiles(["*.bench.ts"], directory).map((file) => basename(file, ".bench.ts"));
}

async function load(directory: string, name: string): Promise<Bench> {
  return (await import(pathToFileURL(join(directory, `${name}.bench.ts`)).href)) as Bench;
}

function report(name: string, judged: readonly JudgedFigure[]): object {
  // Every key is there in every figure, in this order.
  const figures = judged.map(({ name, value, unit, bar = null, ok }) => ({ name, value, unit, bar, ok }));
  return { bench: name, figures, context: context() };
}

function context() {
  return {
    date: new Date().toISOString(),
    kernel: release(),
    node: process.version,
    cpus: cpus().length,
    cpu: cpus()[0]?.model ?? "unknown",
    /** Of the last minute, when the bench ended. */
    load: loadavg()[0],
  };
}

function table(name: string, figures: readonly JudgedFigure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    `${rounded(figure.value)} ${figure.unit}`,
    figure.bar ? `${barText(figure.bar)} ${figure.unit}` : "",
    verdict(figure),
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(([what = "", value = "", bar = "", says = ""]) =>
    `  ${what.padEnd(widths[0] ?? 0)}  ${value.padStart(widths[1] ?? 0)}  ${bar.padEnd(widths[2] ?? 0)}  ${says}`.trimEnd(),
  );
  const { kernel, node, cpus } = context();
  return `${[`${name}  (Linux ${kernel}, Node ${node}, ${cpus} cpus)`, ...lines].join("\n")}\n`;
}

function verdict({ ok, bar }: JudgedFigure): string {
  if (bar === undefined && ok) return "";
  return ok ? "ok" : "FALLS SHORT";
}

function barText(bar: Bar): string {
  return "atMost" in bar ? `at most ${bar.atMost}` : `at least ${bar.atLeast}`;
}

function rounded(value: number): string {
  const digits = Math.abs(value) < 1000 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 };
  return value.toLocaleString("en", digits);
}
