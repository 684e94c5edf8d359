/**
 * The log for people: `12:03:04.567 info  text  key=value`.
 */
import { styleText } from "node:util";
import type { DestinationStream } from "pino";

type Style = Parameters<typeof styleText>[0];

const styles: Readonly<Record<string, Style>> = {
  trace: "gray",
  debug: "gray",
  info: "green",
  warn: "yellow",
  error: "red",
  fatal: "red",
};

/** Takes lines of JSON and hands on lines for people. */
export function forPeople(output: DestinationStream, colours: boolean): DestinationStream {
  return { write: (line) => output.write(lineForPeople(line, colours)) };
}

/** A line that is not one of the log's goes by as it is. */
export function lineForPeople(line: string, colours: boolean): string {
  const paint = (style: Style, text: string) =>
    colours ? styleText(style, text, { validateStream: false }) : text;
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { level, time, msg, err, ...rest } = entry;
  const said = Object.entries(rest).map(([name, value]) => paint("gray", `${name}=`) + shown(value));
  const head = [
    paint("gray", String(time).slice(11, 23)),
    paint(styles[String(level)] ?? "white", String(level).padEnd(5)),
    printable(String(msg ?? "")),
  ];
  return `${[...head, ...said].join(" ")}\n${errorLines(err)}`;
}

function shown(value: unknown): string {
  const isPlain = typeof value === "string" && /^[\w.:/@+-]+$/.test(value);
  return isPlain ? value : escaped(JSON.stringify(value));
}

/** What comes from outside must not move the cursor. */
function printable(text: string): string {
  return escaped(text.replaceAll("\n", "\n  "));
}

/** JSON's own escapes leave out those from U+007F on, some of which terminals obey as they do ESC, or turn the text around for. */
function escaped(text: string): string {
  return text.replaceAll(/(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, (character) => {
    const short = JSON.stringify(character).slice(1, -1);
    return short === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}` : short;
  });
}

function errorLines(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const stack = "stack" in error ? String(error.stack) : JSON.stringify(error);
  return `${stack
    .split("\n")
    .map((line) => `    ${printable(line)}`)
    .join("\n")}\n`;
}
