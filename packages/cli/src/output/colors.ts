/**
 * Colours, as terminals take them.
 */

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 } as const;

export type Color = keyof typeof codes;

/** A function that colours, or one that leaves the text as it is. */
export function painter(colored: boolean): (color: Color, text: string) => string {
  if (!colored) return (_color, text) => text;
  return (color, text) => (text === "" ? "" : `\u001b[${codes[color]}m${text}\u001b[0m`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escapes begin with one
const escapes = /\u001b\[[0-9;]*m/g;

/** Columns that a text takes, without what colours it. Wide and joined letters count as one each. */
export function widthOf(text: string): number {
  return [...text.replace(escapes, "")].length;
}
