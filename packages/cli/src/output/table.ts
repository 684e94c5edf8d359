/**
 * Columns under their titles. Pure.
 */
import { widthOf } from "./colors.ts";

/** Blanks between columns: Docker's. */
const gap = 3;
/** A column is not made narrower than this. */
const narrowest = 8;

export interface TableOptions {
  /** Columns of the terminal: where the table is wider, its widest column is cut. Default: as wide as it is. */
  readonly width?: number | undefined;
}

/** @param rows the titles first; each of the same length */
export function table(rows: readonly (readonly string[])[], { width }: TableOptions = {}): string {
  const widths = columnWidths(rows);
  if (width !== undefined) shrink(widths, rows[0] ?? [], width);
  return rows.map((row) => `${line(row, widths)}\n`).join("");
}

function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, widthOf(cell));
  return widths;
}

/** Takes from the widest column, until the table fits or every column is as narrow as it may be. */
function shrink(widths: number[], titles: readonly string[], room: number): void {
  const total = () => widths.reduce((sum, width) => sum + width, 0) + gap * (widths.length - 1);
  for (let excess = total() - room; excess > 0; excess = total() - room) {
    const [at, widest] = [...widths.entries()].reduce((one, other) => (other[1] > one[1] ? other : one));
    const floor = Math.max(narrowest, widthOf(titles[at] ?? ""));
    if (widest <= floor) return;
    const second = Math.max(floor, ...widths.filter((_, other) => other !== at));
    const step = widest > second ? Math.min(excess, widest - second) : 1;
    widths[at] = Math.max(floor, widest - step);
  }
}

function line(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, at) => {
    const width = widths[at] ?? 0;
    const shown = widthOf(cell) > width ? cut(cell, width) : cell;
    return at === row.length - 1 ? shown : shown + " ".repeat(width - widthOf(shown) + gap);
  });
  return cells.join("").trimEnd();
}

/** A text that is too long ends with an ellipsis. Only texts without colours are ever too long. */
function cut(text: string, width: number): string {
  return `${[...text].slice(0, width - 1).join("")}…`;
}
