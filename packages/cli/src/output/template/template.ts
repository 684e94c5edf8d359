/**
 * Templates of `--format`.
 */
import { CliError, exitCodes } from "../../errors.ts";
import { evaluate } from "./evaluate.ts";
import { parseTemplate } from "./parse.ts";
import type { Value } from "./print.ts";
import { TemplateError } from "./tree.ts";

export { jsonText } from "./print.ts";

/**
 * Reads a template once, for any number of values.
 *
 * @throws CliError with the status of wrong usage, here for how it is written, in use for fields that are not there
 */
export function compileTemplate(text: string): (value: Value) => string {
  const template = explaining(text, () => parseTemplate(text));
  return (value) => explaining(text, () => evaluate(template, value));
}

function explaining<T>(text: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new CliError(exitCodes.usage, `--format ${JSON.stringify(text)}: ${error.message}`, {
      cause: error,
    });
  }
}
