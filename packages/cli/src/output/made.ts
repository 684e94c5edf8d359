/**
 * What a command has made: whole, or the word that a script goes on with.
 */

import { jsonLines } from "./json.ts";
import type { Output } from "./output.ts";

/** @param word its id or its path, which is written without `--json` */
export function showMade(output: Output, made: object, word: string, json: boolean | undefined): void {
  output.write(json === true ? jsonLines(made) : `${word}\n`);
}
