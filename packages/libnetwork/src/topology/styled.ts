/**
 * Text in styles, measured without them: a line is a list of pieces, and colours come last. Pure.
 */
import { styleText } from "node:util";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "blue" | "magenta" | "cyan";

export interface Piece {
  readonly text: string;
  readonly style: Style | undefined;
}

export type Line = readonly Piece[];

/** A control character, or one that turns the text around, is shown as one that does nothing: who is root in a sandbox gives its interfaces names, and they come to a terminal. */
export function piece(text: string, style?: Style): Piece {
  return { text: text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, "\ufffd"), style };
}

/** Columns that a line takes. */
function widthOf(line: Line): number {
  return line.reduce((sum, { text }) => sum + text.length, 0);
}

/** At most `width` columns: cut with an ellipsis at its end. */
export function cut(line: Line, width: number): Line {
  if (widthOf(line) <= width) return line;
  const kept: Piece[] = [];
  let room = width - 1;
  for (const { text, style } of line) {
    if (room <= 0) break;
    kept.push(piece(text.slice(0, room), style));
    room -= text.length;
  }
  return [...kept, piece("…", "dim")];
}

/** Exactly `width` columns: filled up, or cut. */
export function fit(line: Line, width: number, filler = " ", style?: Style): Line {
  const missing = width - widthOf(line);
  return missing > 0 ? [...line, piece(filler.repeat(missing), style)] : cut(line, width);
}

/** Puts pieces into as many lines as they need, with a separator between those of one line. */
export function wrap(pieces: readonly Piece[], width: number, separator = piece("  ")): readonly Line[] {
  const lines: Piece[][] = [[]];
  for (const next of pieces) {
    const line = lines.at(-1) ?? [];
    if (line.length === 0) line.push(next);
    else if (widthOf([...line, separator, next]) <= width) line.push(separator, next);
    else lines.push([next]);
  }
  return lines;
}

/** A name in a column of its own, and beside it the lines of what is said about it. */
export function hanging(name: string, lines: readonly Line[], column: number): readonly Line[] {
  return lines.map((line, at) => [...fit(at === 0 ? [piece(name, "bold")] : [], column), ...line]);
}

/** Columns that the longest of the names takes, with two blanks. */
export function columnOf(names: readonly string[]): number {
  return names.reduce((most, { length }) => Math.max(most, length), 0) + 2;
}

/** The line as a terminal takes it. */
export function paint(line: Line, colour: boolean): string {
  const texts = line.map(({ text, style }) =>
    colour && style !== undefined ? styleText(style, text, { validateStream: false }) : text,
  );
  return texts.join("");
}
