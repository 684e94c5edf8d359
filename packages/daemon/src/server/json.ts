/**
 * JSON bodies: read strictly. What JSON.parse would let pass, and what two programs may read in two ways, is refused.
 */
import { invalid, messageOf } from "@causeway/libnetwork";

/**
 * @param depth deepest nesting
 * @returns undefined for an empty body
 * @throws invalid_json, json_too_deep, duplicate_key, forbidden_key
 */
export function parseJson(body: Buffer, depth: number): unknown {
  if (body.length === 0) return undefined;
  const text = decode(body);
  checkStructure(text, depth);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid("invalid_json", `the body is not JSON: ${messageOf(error)}`);
  }
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw invalid("invalid_json", "the body is not JSON: it is not UTF-8");
  }
}

/** An object's keys so far; an array has none. */
interface Level {
  readonly keys: Set<string> | undefined;
  expectsKey: boolean;
}

/** Looks at brackets and keys only: whether the rest is JSON is for JSON.parse to tell. */
function checkStructure(text: string, depth: number): void {
  const levels: Level[] = [];
  const mark = /["{}[\],]/g;
  for (let found = mark.exec(text); found !== null; found = mark.exec(text)) {
    const level = levels.at(-1);
    switch (found[0]) {
      case '"': {
        const end = endOfString(text, found.index);
        if (level?.keys !== undefined && level.expectsKey) {
          takeKey(level.keys, text.slice(found.index, end));
          level.expectsKey = false;
        }
        mark.lastIndex = end;
        break;
      }
      case ",":
        if (level?.keys !== undefined) level.expectsKey = true;
        break;
      case "{":
      case "[":
        if (levels.length === depth)
          throw invalid("json_too_deep", `the body is nested deeper than ${depth} levels`);
        levels.push({ keys: found[0] === "{" ? new Set() : undefined, expectsKey: true });
        break;
      default:
        levels.pop();
    }
  }
}

/** Behind the closing quote, or at the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 0x22) return at + 1;
    if (character === 0x5c) at++;
  }
  return text.length;
}

function takeKey(keys: Set<string>, quoted: string): void {
  const key = quoted.includes("\\") ? unescaped(quoted) : quoted.slice(1, -1);
  if (key === "__proto__")
    throw invalid("forbidden_key", `the body has a key "${key}", which is not taken`, key);
  if (keys.has(key))
    throw invalid("duplicate_key", `the body has the key ${JSON.stringify(key)} twice in one object`, key);
  keys.add(key);
}

function unescaped(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}
