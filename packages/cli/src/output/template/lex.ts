/**
 * A template's text, as pieces: what stands outside {{ }} and the tokens inside.
 */
import { TemplateError } from "./tree.ts";

export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly tokens: readonly Token[]; readonly source: string };

export interface Token {
  readonly kind: "string" | "number" | "field" | "variable" | "word" | "dot" | "mark";
  /** Of a string its value, of a field its name, otherwise as written. */
  readonly text: string;
  /** A field that stands right behind what is before it belongs to that. */
  readonly joined: boolean;
}

export function pieces(template: string): readonly Piece[] {
  const found: Piece[] = [];
  let at = 0;
  let trims = false;
  for (;;) {
    const open = template.indexOf("{{", at);
    let text = open < 0 ? template.slice(at) : template.slice(at, open);
    if (trims) text = text.trimStart();
    const trimsBefore = open >= 0 && /^\{\{-\s/.test(template.slice(open));
    if (trimsBefore) text = text.trimEnd();
    if (text !== "") found.push({ kind: "text", text });
    if (open < 0) return found;
    const start = open + (trimsBefore ? 3 : 2);
    const { action, end } = template.slice(start).trimStart().startsWith("/*")
      ? comment(template, start)
      : actionAt(template, start);
    trims = action.trimsAfter;
    if (action.tokens !== undefined) {
      found.push({ kind: "action", tokens: action.tokens, source: template.slice(open, end) });
    }
    at = end;
  }
}

interface Found {
  readonly action: { readonly tokens: readonly Token[] | undefined; readonly trimsAfter: boolean };
  readonly end: number;
}

function comment(template: string, start: number): Found {
  const [whole, trim] = template.slice(start).match(/^\s*\/\*[\s\S]*?\*\/(\s+-)?\}\}/) ?? [];
  if (whole === undefined) throw new TemplateError("a comment is not closed: */ and }} belong behind it");
  return { action: { tokens: undefined, trimsAfter: trim !== undefined }, end: start + whole.length };
}

const patterns: readonly (readonly [Token["kind"] | "blank" | "end", RegExp])[] = [
  ["end", /(?:\s-)?\}\}/y],
  ["blank", /\s+/y],
  ["string", /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  ["number", /[+-]?(?:0[xX][0-9a-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)/y],
  ["field", /\.[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ["variable", /\$[\p{L}\p{Nd}_]*/uy],
  ["word", /[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ["dot", /\./y],
  ["mark", /:=|[=|(),]/y],
];

function actionAt(template: string, start: number): Found {
  const tokens: Token[] = [];
  let joined = false;
  for (let at = start; ; ) {
    const [kind, text] = match(template, at);
    at += text.length;
    if (kind === "end") return { action: { tokens, trimsAfter: text.includes("-") }, end: at };
    if (kind !== "blank") tokens.push({ kind, text: meaning(kind, text), joined });
    joined = kind !== "blank" && text !== "(" && text !== "|" && text !== ",";
  }
}

function match(template: string, at: number): readonly [Token["kind"] | "blank" | "end", string] {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const [text] = pattern.exec(template) ?? [];
    if (text !== undefined) return [kind, text];
  }
  if (at >= template.length) throw new TemplateError("an action is not closed: }} is missing");
  if (/["`]/.test(template[at] ?? "")) throw new TemplateError("a text in quotes is not closed");
  throw new TemplateError(`unexpected ${JSON.stringify(template[at])} in an action`);
}

function meaning(kind: Token["kind"], text: string): string {
  if (kind === "field") return text.slice(1);
  if (kind !== "string") return text;
  return text.startsWith("`") ? text.slice(1, -1) : unquoted(text.slice(1, -1));
}

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\u0007",
  b: "\b",
  f: "\f",
  v: "\v",
};

function unquoted(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/g,
    (_, x?: string, u?: string, wide?: string, octal?: string, letter = "") => {
      const hex = x ?? u ?? wide;
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      return escapes[letter] ?? letter;
    },
  );
}
