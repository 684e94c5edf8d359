/**
 * How much of somebody else's text stands in ours: an answer may say anything, at any length.
 */
import { visible } from "./visible.ts";

/** Characters. */
const usualLength = 200;

/** On one line, without what a terminal obeys. */
export function shortened(text: string, longest = usualLength): string {
  return cut(visible(text.trim()), longest);
}

/** As JSON has it: a value that was given, blanks and all. */
export function quoted(text: string): string {
  return JSON.stringify(cut(text, usualLength));
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}...` : text;
}
