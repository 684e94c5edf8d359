/**
 * The configuration file: its keys as `table.name`, each with its value and, where it can be told, its line.
 */
import { files, hasCause } from "@causeway/kernel";
import { invalid, messageOf, notFound } from "@causeway/libnetwork";
import { parse, TomlError, type TomlTable } from "smol-toml";

export interface FileEntry {
  readonly key: string;
  readonly value: unknown;
  readonly line: number | undefined;
}

/**
 * @param tables keys whose value is a table: what is in it is the value
 * @throws config_not_found, config_unreadable, config_malformed
 */
export function readTomlFile(path: string, tables: ReadonlySet<string>): readonly FileEntry[] {
  const text = readText(path);
  const lines = linesOfKeys(text);
  return [...entriesOf(parsed(path, text), "", tables)].map(([key, value]) => ({
    key,
    value,
    line: lines.get(key),
  }));
}

function readText(path: string): string {
  try {
    return files.readFileSync(path, "utf8");
  } catch (error) {
    if (hasCause(error, "ENOENT"))
      throw notFound("config_not_found", `there is no configuration file ${path}`, path);
    throw invalid("config_unreadable", `${path} cannot be read: ${messageOf(error)}`, path);
  }
}

function parsed(path: string, text: string): TomlTable {
  try {
    return parse(text, { unsafeKeyBehaviour: "throw", maxDepth: 16 });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column } = error;
    // The rest of the message draws the place.
    const [reason = ""] = error.message.replace("Invalid TOML document: ", "").split("\n");
    throw invalid("config_malformed", `${path}:${line}:${column}: ${reason}`, { line, column });
  }
}

function* entriesOf(
  table: Readonly<Record<string, unknown>>,
  above: string,
  tables: ReadonlySet<string>,
): Generator<[string, unknown]> {
  for (const [name, value] of Object.entries(table)) {
    const key = `${above}${name}`;
    if (isTable(value) && !tables.has(key)) yield* entriesOf(value, `${key}.`, tables);
    else yield [key, value];
  }
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** smol-toml does not tell where a key stands. What looks like one inside of a text of many lines names no key that is there. */
function linesOfKeys(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  let above = "";
  for (const [at, line] of text.split("\n").entries()) {
    const table = /^\s*\[\[?([^[\]]+)\]/.exec(line)?.[1];
    const name = /^\s*([\w."'-]+(?:\s*\.\s*[\w"'-]+)*)\s*=/.exec(line)?.[1];
    if (table !== undefined) {
      above = `${plain(table)}.`;
      if (!lines.has(plain(table))) lines.set(plain(table), at + 1);
    } else if (name !== undefined && !lines.has(`${above}${plain(name)}`)) {
      lines.set(`${above}${plain(name)}`, at + 1);
    }
  }
  return lines;
}

const plain = (key: string) => key.replaceAll(/[\s"']/g, "");
