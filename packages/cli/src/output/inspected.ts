/**
 * Things as the daemon tells them: a JSON array, or a template for each.
 */
import type { Command } from "commander";
import { json } from "./json.ts";
import type { Output } from "./output.ts";
import { jsonText } from "./template/print.ts";
import { compileTemplate } from "./template/template.ts";

export interface InspectOptions {
  readonly format?: string;
  readonly json?: boolean;
}

export function addInspectOptions(command: Command): Command {
  return command
    .option("-f, --format <template>", "json, or a Go template over what is shown: '{{.name}}'")
    .option("--json", "JSON, which is how it is shown without a template");
}

/** @param optional names of fields that the daemon leaves out where there is nothing: a template finds them empty */
export function showInspected(
  output: Output,
  items: readonly object[],
  { format }: InspectOptions,
  optional: readonly string[],
): void {
  if (format === undefined) output.write(`${json(items, 4)}\n`);
  else {
    const show = format === "json" ? jsonText : compileTemplate(format);
    const empty = Object.fromEntries(optional.map((name) => [name, undefined]));
    for (const item of items) output.write(`${show({ ...empty, ...item })}\n`);
  }
}
