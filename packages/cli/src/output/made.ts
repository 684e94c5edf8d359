/**
 * What a command has made: whole, or the word that a script goes on with.
 */
import type { Output } from "./output.ts";

/** @param word its id or its path, which is written without `--json` */
export function showMade(output: Output, made: object, word: string, json: boolean | undefined): void {
  output.write(json === true ? `${JSON.stringify(made, undefined, 2)}\n` : `${word}\n`);
}
