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
  daemon: {
    summary: "Run the daemon",
    load: async () => (await import("./commands/daemon.ts")).daemon,
  },
  network: {
    summary: "Networks",
    commands: {
      ls: {
        summary: "List networks",
        aliases: ["list"],
        load: async () => (await import("./commands/network/ls.ts")).ls,
      },
      create: {
        summary: "Make a network",
        load: async () => (await import("./commands/network/create.ts")).create,
      },
      inspect: {
        summary: "Tell everything of networks",
        load: async () => (await import("./commands/network/inspect.ts")).inspect,
      },
      connect: {
        summary: "Put a container into a network",
        load: async () => (await import("./commands/network/connect.ts")).connect,
      },
      disconnect: {
        summary: "Take a container out of a network",
        load: async () => (await import("./commands/network/disconnect.ts")).disconnect,
      },
      rm: {
        summary: "Remove networks",
        aliases: ["remove"],
        load: async () => (await import("./commands/network/rm.ts")).rm,
      },
      prune: {
        summary: "Remove every network that nobody is in",
        load: async () => (await import("./commands/network/prune.ts")).prune,
      },
    },
  },
};
