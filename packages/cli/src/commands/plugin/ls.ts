/**
 * causeway plugin ls
 */
import type { CommandDefinition } from "../../command.ts";
import { messageOf } from "../../errors.ts";
import { addListOptions, type Listing, type ListOptions, showList } from "../../output/listing.ts";
import { pluginNames } from "./plugins.ts";

interface ListedPlugin {
  readonly name: string;
  /** Where it listens. Missing where its .spec or .json says none. */
  readonly address?: string;
  /** The socket, .spec or .json that says so. */
  readonly source?: string;
  /** What its handshake says. Missing where it did not answer. */
  readonly implements?: readonly string[];
  /** Why something is missing. */
  readonly error?: string;
}

/** One that does not answer is no reason to wait for long. Milliseconds. */
const longestHandshake = 2000;

const listing: Listing<ListedPlugin> = {
  fields: {
    Name: { title: "NAME", text: ({ name }) => name },
    Implements: { title: "IMPLEMENTS", text: ({ implements: kinds }) => kinds?.join(", ") ?? "-" },
    Address: { title: "ADDRESS", text: ({ address }) => address ?? "-" },
    Source: { title: "SOURCE", text: ({ source }) => source ?? "-" },
    Error: { title: "ERROR", text: ({ error }) => error ?? "" },
  },
  columns: ["Name", "Implements", "Address", "Source", "Error"],
  id: ({ name }) => name,
};

export const ls: CommandDefinition<ListOptions> = {
  define: (command) => addListOptions(command, "names alone"),
  examples: [
    { line: "causeway plugin ls", says: "every plugin that is found here, and what it says that it is" },
    { line: "causeway plugin ls --format '{{.Name}} {{.Source}}'", says: "where each was found" },
  ],
  async run({ output, options }) {
    const names = await pluginNames();
    const found = await Promise.all(names.map(lookedAt));
    await showList(output, found, listing, options);
    return undefined;
  },
};

/** Its handshake changes nothing in it, and dockerd's first is not spared by it. */
async function lookedAt(name: string): Promise<ListedPlugin> {
  const { addressText, findPlugin, PluginClient } = await import("@causeway/plugin-sdk");
  let known: ListedPlugin = { name };
  try {
    const plugin = findPlugin(name);
    known = { name, address: addressText(plugin.address), source: plugin.source };
    using client = new PluginClient(plugin, { patience: 0, timeout: longestHandshake });
    return { ...known, implements: await client.activate() };
  } catch (error) {
    return { ...known, error: messageOf(error) };
  }
}
