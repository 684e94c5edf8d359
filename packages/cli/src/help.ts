/**
 * What help says besides what commander makes of the options.
 */
import type { Example } from "./command.ts";

export function examplesText(examples: readonly Example[]): string {
  if (examples.length === 0) return "";
  return `\nExamples:\n${examples.map(({ line, says }) => `  # ${says}\n  ${line}`).join("\n")}`;
}
