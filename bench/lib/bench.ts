// What a *.bench.ts module is, and what it answers with.

/** What a figure must not exceed, or must reach. */
export type Bar = { readonly atMost: number } | { readonly atLeast: number };

/** One measured value. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** As printed: `ms`, `us`, `x` for a ratio, `1/s`, `MB`. */
  readonly unit: string;
  /** None when the figure is there to be read only. */
  readonly bar?: Bar;
}

/** What the runner hands to a bench. */
export interface BenchContext {
  /** Tells what goes on, on standard error: standard output is for the figures. */
  log(message: string): void;
}

/** The exports of a `NAME.bench.ts`. */
export interface Bench {
  /** One line for `--list`. */
  readonly description: string;
  /** Measures. It may do to the network of its namespace whatever it likes: the runner made it for this run. */
  run(context: BenchContext): Promise<readonly Figure[]>;
}

/** A figure, and whether it holds its bar; one without a bar always does. */
export type JudgedFigure = Figure & { readonly ok: boolean };

/**
 * Holds a figure against its bar.
 *
 * @throws Error when its value is not a number: then nothing was measured
 */
export function judge(figure: Figure): JudgedFigure {
  const { name, value, bar } = figure;
  if (!Number.isFinite(value)) throw new Error(`figure "${name}" has the value ${value}`);
  if (bar === undefined) return { ...figure, ok: true };
  return { ...figure, ok: "atMost" in bar ? value <= bar.atMost : value >= bar.atLeast };
}
