import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Command } from "commander";
import { defineLeaf } from "./parse.ts";
import { type Commands, commands, type Leaf } from "./program.ts";

function leaves(level: Commands, above = ""): readonly (readonly [path: string, leaf: Leaf])[] {
  return Object.entries(level).flatMap(([name, node]) =>
    "commands" in node ? leaves(node.commands, `${above}${name} `) : [[`${above}${name}`, node] as const],
  );
}

describe("every command", () => {
  // The daemon writes its help itself, and the hook's examples are files of other tools.
  for (const [path, leaf] of leaves(commands).filter(([path]) => !["daemon", "oci-hook"].includes(path))) {
    test(`${path} has a line, help and examples`, async () => {
      assert.match(leaf.summary, /^[A-Z].*[^.]$/);
      const definition = await leaf.load();
      const command = new Command("causeway").enablePositionalOptions().command(path);
      defineLeaf(command, definition);
      assert.ok(definition.examples.length > 0);
      const isOfIt = ({ line }: { line: string }) => line.includes(`causeway ${path}`);
      assert.ok(definition.examples.every(isOfIt), "an example is of another command");
      const longs = command.options.map(({ long }) => long);
      for (const name of Object.keys(definition.completesOptions ?? {}))
        assert.ok(longs.includes(name), name);
    });
  }
});
