/**
 * Where a command writes: answers to standard output, what is for the person in front of it to standard error.
 */
import { type Color, painter } from "./colors.ts";

/** What is needed of a stream: process.stdout is one. */
export interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Output {
  /** Standard output. Whole lines, with their newline. */
  write(text: string): void;
  /** One line to standard error. */
  note(line: string): void;
  /** In a colour where standard output is a terminal that wants it. */
  paint(color: Color, text: string): string;
  /** Columns of the terminal; undefined where standard output is none, or one that does not know, as a serial line (it says 0). */
  readonly width: number | undefined;
  readonly isTerminal: boolean;
  /** Standard error, for what is drawn over. Undefined where it is no terminal. */
  readonly screen: Sink | undefined;
}

export interface OutputOptions {
  /** What `--no-color` and `--color` say. Default: what the environment and the terminal say. */
  readonly color?: boolean | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** @param stderr asked for when something is written to it: to open it takes a millisecond of the start */
export function makeOutput(stdout: Sink, stderr: () => Sink, options: OutputOptions = {}): Output {
  const { color, environment = {} } = options;
  const isTerminal = stdout.isTTY === true;
  const paint = painter(color ?? wantsColor(isTerminal, environment));
  return {
    write: (text) => void stdout.write(text),
    note: (line) => void stderr().write(`${line}\n`),
    paint,
    width: isTerminal ? stdout.columns || undefined : undefined,
    isTerminal,
    get screen() {
      const sink = stderr();
      return sink.isTTY === true && environment.TERM !== "dumb" ? sink : undefined;
    },
  };
}

/** https://no-color.org, and FORCE_COLOR as most programs understand it. */
function wantsColor(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): boolean {
  if ((environment.NO_COLOR ?? "") !== "") return false;
  const forced = environment.FORCE_COLOR ?? "";
  if (forced !== "") return forced !== "0" && forced !== "false";
  return isTerminal && environment.TERM !== "dumb";
}
