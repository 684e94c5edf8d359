/**
 * causeway events
 */

import type { Event } from "@causeway/daemon/api";
import type { CommandDefinition } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { pairsText } from "../../output/listing.ts";
import { printable } from "../../output/printable.ts";
import { jsonText } from "../../output/template/print.ts";
import { compileTemplate } from "../../output/template/template.ts";
import { type Filter, filtered } from "../filters.ts";
import { collect, given, timeOf } from "../options.ts";

interface Options {
  readonly since?: string;
  readonly until?: string;
  readonly filter?: readonly string[];
  readonly format?: string;
  readonly json?: boolean;
}

const filters: Readonly<Record<string, Filter<Event>>> = {
  type: ({ type }, value) => type.split(":")[0] === value || type === value,
  event: ({ type }, value) => type.split(":")[1] === value,
  id: ({ subject }, value) => subject.id.startsWith(value),
  name: ({ subject }, value) => subject.name === value,
  network: ({ type, subject, attributes }, value) =>
    attributes.network === value ||
    (type.startsWith("network:") && (subject.name === value || subject.id === value)),
};

export const events: CommandDefinition<Options> = {
  define: (command) =>
    command
      .option("--since <time>", "those that are remembered from then on: a time, or how long ago, as 10m")
      .option("--until <time>", "and end then (default: go on until Ctrl-C)")
      .option("-f, --filter <filter>", `name=value: ${Object.keys(filters).join(", ")}`, collect)
      .option("--format <template>", "json, or a Go template for each: '{{.type}} {{.subject.name}}'")
      .option("--json", "JSON, one event a line"),
  examples: [
    { line: "causeway events", says: "what happens from now on" },
    { line: "causeway events --since 10m --until 0s", says: "of the last ten minutes" },
    { line: "causeway events --filter type=endpoint --filter event=join --json", says: "for a program" },
  ],
  completesOptions: { "--filter": Object.keys(filters).map((name) => `${name}=`) },
  async run({ client, output, options, signal }) {
    if (options.json === true && options.format !== undefined)
      throw usageError("--json and --format exclude each other");
    const query = given({
      since: options.since === undefined ? undefined : timeOf(options.since),
      until: options.until === undefined ? undefined : timeOf(options.until),
    });
    const show = shower(options.json === true ? "json" : options.format);
    // What the filters are is looked at before anything is asked.
    filtered([], options.filter, filters);
    for await (const event of client.events("/events", { query, signal })) {
      if (filtered([event], options.filter, filters).length > 0) output.write(`${show(event)}\n`);
    }
    return undefined;
  },
};

function shower(format: string | undefined): (event: Event) => string {
  if (format === "json") return jsonText;
  if (format === undefined) return eventText;
  const show = compileTemplate(format);
  return (event) => show({ operation: undefined, ...event });
}

function eventText({ time, type, subject, attributes }: Event): string {
  const details = pairsText(attributes);
  return printable(`${new Date(time).toISOString()} ${type} ${subject.name}${details && ` (${details})`}`);
}
