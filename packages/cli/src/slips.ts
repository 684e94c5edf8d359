/**
 * What somebody typed who meant something else: one line, which ends with the mend.
 */
import { nearest } from "./output/nearest.ts";
import type { Commands } from "./program.ts";

interface Found {
  /** Names of commands that the words begin with: `network`, `create`. */
  readonly path: readonly string[];
  /** Where the next word had to be a command's name: those that there are. */
  readonly expected: Commands | undefined;
}

function find(commands: Commands, words: readonly string[]): Found {
  const path: string[] = [];
  let expected: Commands | undefined = commands;
  for (const word of words) {
    if (expected === undefined) break;
    const level: Commands = expected;
    const node = Object.hasOwn(level, word)
      ? level[word]
      : Object.values(level).find(({ aliases = [] }) => aliases.includes(word));
    if (node === undefined) break;
    path.push(word);
    expected = "commands" in node ? node.commands : undefined;
  }
  return { path, expected };
}

/** @returns what to say where the words name a command that there is not, also behind `help`; undefined where they do not */
export function unknownCommand(commands: Commands, words: readonly string[]): string | undefined {
  const { path, expected } = find(commands, words);
  const slip = words[path.length];
  // Options may stand before a command's name: commander reads those.
  if (expected === undefined || slip === undefined || slip.startsWith("-")) return undefined;
  const names = Object.entries(expected).flatMap(([name, { aliases = [] }]) => [name, ...aliases]);
  const near = nearest(slip, names);
  const before = path.map((name) => `${name} `).join("");
  const meant = near === undefined ? "" : ` (did you mean "${before}${near}"?)`;
  return `there is no command "${before}${slip}"${meant}; see: ${["causeway", "help", ...path].join(" ")}`;
}

/** What commander says of a slip, in one line and with where to look. */
export function slipText(commands: Commands, words: readonly string[], said: string): string {
  const { path } = find(commands, words);
  const line = said.replace(/^error: /, "").replace(/\n\(Did you mean /, " (did you mean ");
  return `${line}; see: ${["causeway", "help", ...path].join(" ")}`;
}
