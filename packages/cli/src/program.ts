/**
 * Every command, by its name: what it says in one line, and the file that is loaded when it is called.
 */
import type { CommandDefinition } from "./command.ts";

export interface Leaf {
  readonly summary: string;
  readonly aliases?: readonly string[];
  /** Not in the help: for programs. */
  readonly hidden?: boolean;
  readonly load: () => Promise<CommandDefinition>;
}

export interface Group {
  readonly summary: string;
  readonly aliases?: readonly string[];
  readonly commands: Commands;
}

export type Commands = Readonly<Record<string, Leaf | Group>>;

export const commands: Commands = {
  network: {
    summary: "Networks",
    commands: {
      ls: {
        summary: "List networks",
        aliases: ["list"],
        load: async () => (await import("./commands/network/ls.ts")).ls,
      },
    },
  },
};
