/**
 * causeway dns trace
 */
import type { Trace } from "@causeway/daemon/api";
import type { CommandDefinition } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { json as jsonOf } from "../../output/json.ts";
import { printable } from "../../output/printable.ts";
import { jsonText } from "../../output/template/print.ts";
import { compileTemplate } from "../../output/template/template.ts";
import { addQuestion, ask, type QuestionOptions, questionTypes, statusOf } from "./question.ts";
import { conclusion, stepText } from "./trace-text.ts";

interface Options extends QuestionOptions {
  readonly json?: boolean;
  readonly format?: string;
}

export const trace: CommandDefinition<Options> = {
  define: (command) =>
    addQuestion(command)
      .option("-f, --format <template>", "json, or a Go template: '{{.rcode}} {{.milliseconds}}'")
      .option("--json", "JSON, with every step"),
  examples: [
    {
      line: "causeway dns trace c1 web",
      says: "which network, which record; status 1 where it is not found",
    },
    { line: "causeway dns trace c1 www.example.org", says: "which name server was asked, and for how long" },
    { line: "causeway dns trace --format '{{len .steps}} {{.rcode}}' c1 web", says: "what a script wants" },
  ],
  completes: ["container", "none"],
  completesOptions: { "--type": questionTypes },
  async run({ client, output, args, options }) {
    const show = shower(options);
    const found = await ask<Trace>({ client, output }, "trace", args, options);
    for (const line of show(found)) output.write(`${line}\n`);
    return statusOf(found);
  },
};

function shower({ json, format }: Options): (found: Trace) => readonly string[] {
  if (json === true && format !== undefined) throw usageError("--json and --format exclude each other");
  if (json === true) return (found) => [jsonOf(found, 2)];
  if (format === undefined) return (found) => plainLines(found).map(printable);
  const template = format === "json" ? jsonText : compileTemplate(format);
  return (found) => [template(found)];
}

function plainLines(found: Trace): readonly string[] {
  return [
    ...found.steps.map((step, at) => `${at + 1}. ${stepText(step)}`),
    ...found.answers.map(({ name, type, ttl, value }) => `${name} ${ttl} ${type} ${value}`),
    conclusion(found),
  ];
}
