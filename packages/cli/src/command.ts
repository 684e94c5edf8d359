/**
 * What a command is: a file of src/commands/, loaded when it is called, and registered in program.ts.
 */
import type { Command } from "commander";
import type { Client } from "./client/client.ts";
import type { Output } from "./output/output.ts";

export interface CommandDefinition<Options extends object = object> {
  /** Arguments and options, told to commander. What the command does in one line stands in program.ts. */
  define(command: Command): void;
  /** Whole lines as a user types them, each with what it does. */
  readonly examples: readonly Example[];
  /** What the arguments are, for completion: the last stands for all that follow. */
  readonly completes?: readonly NameKind[];
  /** The same for options with a value, by their long name: `--network`. */
  readonly completesOptions?: Readonly<Record<string, NameKind | readonly string[]>>;
  /** @returns the process's exit status, where it is not 0 */
  run(call: Call<Options>): Promise<number | undefined>;
}

export interface Example {
  readonly line: string;
  readonly says: string;
}

/** What names can be found, most of them by asking a daemon. */
export type NameKind =
  | "network"
  /** A network that somebody made, and may take away. */
  | "made-network"
  | "endpoint"
  | "service"
  | "sandbox"
  | "container"
  /** Whatever has a name. */
  | "object"
  /** Of DNS records that can be added. */
  | "record-type"
  /** Of this machine's directories. */
  | "plugin"
  | "file"
  | "none";

/** A command that is called. */
export interface Call<Options extends object = object> {
  /** In their order; those of a variadic argument are the last ones. */
  readonly args: readonly string[];
  readonly options: Options;
  /** The daemon. Nothing is sent before it is asked. */
  readonly client: Client;
  readonly output: Output;
  /** Aborts on Ctrl-C and SIGTERM: what goes on for long ends then. */
  readonly signal: AbortSignal;
}
