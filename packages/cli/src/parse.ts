/**
 * The commands of program.ts for commander. Only what is called is loaded: a command's file when its name has been read.
 */
import { Command, Option } from "commander";
import type { Call, CommandDefinition } from "./command.ts";
import { examplesText } from "./help.ts";
import type { Commands, Group, Leaf } from "./program.ts";

/** What every command takes. */
export interface GlobalOptions {
  readonly host?: string;
  readonly tlscacert?: string;
  readonly tlscert?: string;
  readonly tlskey?: string;
  /** False by `--no-color`. */
  readonly color?: boolean;
}

/** Makes of the global options what a command is called with. */
export type Prepare = (options: GlobalOptions) => Promise<Omit<Call, "args" | "options">>;

/** What a command ended with. */
export interface Outcome {
  exitCode: number;
}

/**
 * @param words of the command line, which tell what need not be made
 * @param outcome is given the exit status of the command that was called
 */
export function buildProgram(
  commands: Commands,
  words: readonly string[],
  version: string,
  prepare: Prepare,
  outcome: Outcome,
): Command {
  const program = new Command("causeway");
  program
    .description(
      "Networks for containers on Linux. `causeway help COMMAND` tells more of each, with examples.",
    )
    .version(version, "-V, --version", "print the version")
    .helpCommand(false);
  settle(program);
  addGlobalOptions(program, true);
  addCommands(program, commands, words, prepare, outcome);
  return program;
}

function settle(command: Command): void {
  command
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .helpOption("-h, --help", "print this")
    .showSuggestionAfterError();
}

const globalOptions = [
  ["-H, --host <address>", "the daemon: unix:///path.sock or tcp://host:port (CAUSEWAY_HOST)"],
  ["--color", "colours, wherever the output goes (FORCE_COLOR)"],
  ["--no-color", "no colours (NO_COLOR)"],
  ["--tlscacert <file>", "for tcp://: who signs the daemon's certificate (CAUSEWAY_CERT_PATH/ca.pem)"],
  ["--tlscert <file>", "for tcp://: our certificate (CAUSEWAY_CERT_PATH/cert.pem)"],
  ["--tlskey <file>", "for tcp://: its key (CAUSEWAY_CERT_PATH/key.pem)"],
] as const;

/** For completion. */
export const globalFlags = globalOptions.map(([flags, says]) => ({
  names: flags.replace(/ <.*/, "").split(", "),
  takesValue: flags.includes("<"),
  says,
}));

/** They may stand before or behind a command's name; help tells of them once, with the program. */
function addGlobalOptions(command: Command, shown: boolean): void {
  for (const [flags, says] of globalOptions) command.addOption(new Option(flags, says).hideHelp(!shown));
}

function addCommands(
  parent: Command,
  commands: Commands,
  words: readonly string[],
  prepare: Prepare,
  outcome: Outcome,
): void {
  const [first = "", ...further] = words;
  for (const [name, node] of Object.entries(commands)) {
    // Making all of them is milliseconds of each start: only help, and suggestions for a slip, tell of the others.
    if (Object.hasOwn(commands, first) && name !== first) continue;
    const command = parent.command(name).summary(node.summary).description(`${node.summary}.`);
    if (node.aliases !== undefined) command.aliases([...node.aliases]);
    settle(command);
  }
  parent.hook("preSubcommand", async (_parent, called) => {
    const node = commands[called.name()];
    if (node === undefined) return;
    if ("commands" in node) addGroup(called, node, further, prepare, outcome);
    else await addLeaf(called, node, prepare, outcome);
  });
}

function addGroup(
  command: Command,
  { commands }: Group,
  words: readonly string[],
  prepare: Prepare,
  outcome: Outcome,
): void {
  command.helpCommand(false);
  addGlobalOptions(command, false);
  addCommands(command, commands, words, prepare, outcome);
}

async function addLeaf(command: Command, leaf: Leaf, prepare: Prepare, outcome: Outcome): Promise<void> {
  const definition = await leaf.load();
  defineLeaf(command, definition);
  command.action(async () => {
    const all = { ...command.parent?.parent?.opts(), ...command.parent?.opts(), ...command.opts() };
    const prepared = await prepare(all);
    outcome.exitCode = (await definition.run({ args: command.args, options: all, ...prepared })) ?? 0;
  });
}

/** Arguments, options and help of a command. */
export function defineLeaf(command: Command, definition: CommandDefinition): void {
  definition.define(command);
  addGlobalOptions(command, false);
  command.addHelpText("after", () => examplesText(definition.examples));
}
