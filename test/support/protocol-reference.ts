// The parts of docs/plugin-protocol.md that are made of the schemas: every method with every field, and every clause of the check.

import { clauses, type MethodName, methods, type RecordedExchange } from "@causeway/plugin-sdk";

/** The part of a JSON schema that is shown. */
interface Shape {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly patternProperties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
  readonly minLength?: number;
}

/** A page with what stands between `<!-- methods -->` and `<!-- /methods -->`, and so for clauses, made anew. */
export function renewedReference(page: string, recordings: readonly RecordedExchange[]): string {
  return renewed(renewed(page, "methods", methodsText(recordings)), "clauses", clausesText());
}

function renewed(page: string, part: string, text: string): string {
  const [begin, end] = [`<!-- ${part} -->\n`, `<!-- /${part} -->\n`];
  const [start, stop] = [page.indexOf(begin), page.indexOf(end)];
  if (start < 0 || stop < start) throw new Error(`the page has no part "${part}"`);
  return `${page.slice(0, start + begin.length)}${text}${page.slice(stop)}`;
}

function methodsText(recordings: readonly RecordedExchange[]): string {
  return (Object.keys(methods) as MethodName[]).map((name) => methodText(name, recordings)).join("\n");
}

function methodText(name: MethodName, recordings: readonly RecordedExchange[]): string {
  const { request, response, errorField, optional } = methods[name];
  const notes = [
    ...(optional ? ["404 is tolerated."] : []),
    ...(name === "Plugin.Activate" ? [] : [`A failure: \`{"${errorField}": "why"}\`.`]),
  ];
  const recorded = recordings.find(({ path }) => path === `/${name}`);
  const example =
    recorded === undefined
      ? []
      : [
          "Recorded:",
          "```",
          `POST /${name} ${recorded.rawRequest.trim()}`.trim(),
          JSON.stringify(recorded.response),
          "```",
        ];
  return [
    `### ${name}`,
    ...notes,
    "",
    ...fieldsText("Request", request as Shape),
    ...fieldsText("Answer", response as Shape),
    ...example.map(shortIds),
    "",
  ].join("\n");
}

function fieldsText(title: string, shape: Shape): string[] {
  const rows = fieldRows(shape, "");
  if (rows.length === 0) return [`${title}: nothing.`, ""];
  return [`| ${title} | type | |`, "|---|---|---|", ...rows, ""];
}

function fieldRows({ properties = {} }: Shape, prefix: string): string[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const needed = (field.minLength ?? 0) > 0 ? " Not empty." : "";
    const row = `| \`${path}\` | ${typeText(field)} | ${field.description ?? ""}${needed} |`;
    const inner = field.items ?? field;
    return [row, ...fieldRows(inner, field.items === undefined ? `${path}.` : `${path}[].`)];
  });
}

function typeText({ type, items, properties, patternProperties }: Shape): string {
  if (items !== undefined) return `list of ${typeText(items)}s`;
  if (properties !== undefined) return "object";
  if (patternProperties === undefined) return type ?? "anything";
  const [of] = Object.values(patternProperties);
  return `map of ${of?.type ?? "anything"}`;
}

function clausesText(): string {
  const rows = Object.entries(clauses).map(([id, { level, text }]) => `| \`${id}\` | ${level} | ${text} |`);
  return ["| clause | | |", "|---|---|---|", ...rows, ""].join("\n");
}

function shortIds(line: string): string {
  return line.replaceAll(/\b([0-9a-f]{6})[0-9a-f]{58}\b/g, "$1...");
}
