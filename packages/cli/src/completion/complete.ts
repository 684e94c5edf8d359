/**
 * causeway __complete: candidates for the last word of a command line that is being typed.
 */
import { Command } from "commander";
import type { Client } from "../client/client.ts";
import type { CommandDefinition, NameKind } from "../command.ts";
import { namesOf } from "../commands/names.ts";
import { defineLeaf, globalFlags } from "../parse.ts";
import type { Commands, Group, Leaf } from "../program.ts";

export interface Candidate {
  readonly text: string;
  readonly says?: string;
}

/** Candidates, or `files` where the shell knows better. */
export type Completion = readonly Candidate[] | "files";

/** @param words the last is being typed, and may be empty */
export async function complete(
  commands: Commands,
  words: readonly string[],
  client: Client,
): Promise<Completion> {
  const current = words.at(-1) ?? "";
  let level = commands;
  for (let at = 0; at < words.length - 1; at++) {
    const word = words[at] ?? "";
    if (word.startsWith("-")) {
      if (globalFlags.find(({ names, takesValue }) => takesValue && names.includes(word)) !== undefined) at++;
    } else {
      const node = word === "help" && level === commands ? { summary: "", commands } : find(level, word);
      if (node === undefined) return [];
      if (!("commands" in node)) return matching(await ofLeaf(node, words.slice(at + 1), client), current);
      level = node.commands;
    }
  }
  return matching(current.startsWith("-") ? globalCandidates() : names(level), current);
}

function find(level: Commands, word: string): Leaf | Group | undefined {
  const [, node] =
    Object.entries(level).find(([name, { aliases = [] }]) => name === word || aliases.includes(word)) ?? [];
  return node;
}

function names(level: Commands): readonly Candidate[] {
  return Object.entries(level).map(([text, { summary }]) => ({ text, says: summary }));
}

function globalCandidates(): readonly Candidate[] {
  return globalFlags.map(({ names, says }) => ({ text: names.at(-1) ?? "", says }));
}

function matching(found: Completion, current: string): Completion {
  return found === "files" ? found : found.filter(({ text }) => text.startsWith(current));
}

async function ofLeaf(leaf: Leaf, words: readonly string[], client: Client): Promise<Completion> {
  const definition = await leaf.load();
  const command = new Command("causeway").enablePositionalOptions();
  const called = command.command("called");
  defineLeaf(called, definition);
  const current = words.at(-1) ?? "";
  let position = 0;
  let pending: string | undefined;
  let onlyArguments = false;
  for (const word of words.slice(0, -1)) {
    if (pending !== undefined) pending = undefined;
    else if (word === "--") onlyArguments = true;
    else if (!onlyArguments && word.startsWith("-") && word !== "-") pending = optionThatWaits(called, word);
    else position++;
  }
  if (pending !== undefined) return candidates(definition.completesOptions?.[pending] ?? "file", client);
  if (current.startsWith("-") && !onlyArguments) return optionCandidates(called);
  return candidates(argumentKind(definition, position), client);
}

/** The long name of an option that takes the next word as its value. */
function optionThatWaits(command: Command, word: string): string | undefined {
  const option = command.options.find(({ short, long }) => short === word || long === word);
  return option?.required === true ? (option.long ?? option.short) : undefined;
}

function optionCandidates(command: Command): readonly Candidate[] {
  return command.options.flatMap(({ long, description, hidden }) =>
    typeof long !== "string" || hidden ? [] : [{ text: long, says: description }],
  );
}

function argumentKind({ completes = [] }: CommandDefinition, position: number): NameKind {
  return completes[Math.min(position, completes.length - 1)] ?? "none";
}

async function candidates(from: NameKind | readonly string[], client: Client): Promise<Completion> {
  if (typeof from !== "string") return from.map((text) => ({ text }));
  if (from === "file") return "files";
  return (await namesOf(client, from)).map((text) => ({ text }));
}

/** As the scripts of shells read it. */
export function completionText(completion: Completion): string {
  if (completion === "files") return ":files\n";
  return completion.map(({ text, says }) => `${text}${says === undefined ? "" : `\t${says}`}\n`).join("");
}
