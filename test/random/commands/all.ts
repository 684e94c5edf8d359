// All commands by name, and how to deal with an operation of any of them.

import fc from "fast-check";
import type { Model } from "../model.ts";
import type { Command, Hands, Operation } from "./command.ts";
import { endpointCommands } from "./endpoints.ts";
import { joiningCommands } from "./joining.ts";
import { networkCommands } from "./networks.ts";
import { portCommands } from "./ports.ts";
import { sandboxCommands } from "./sandboxes.ts";

const commands: Readonly<Record<string, Command>> = {
  ...networkCommands,
  ...endpointCommands,
  ...joiningCommands,
  ...portCommands,
  ...sandboxCommands,
};

/** What makes things is drawn more often than what takes them away. */
const weights: Readonly<Record<string, number>> = {
  createEndpoint: 4,
  join: 5,
  attach: 3,
  newSandbox: 3,
  publish: 2,
};

export interface Drawn {
  readonly command: string;
  readonly draw: unknown;
}

export const drawnCommand: fc.Arbitrary<Drawn> = fc.oneof(
  ...Object.entries(commands).map(([command, { draw }]) => ({
    weight: weights[command] ?? 1,
    arbitrary: draw.map((drawn) => ({ command, draw: drawn })),
  })),
);

/** Only networks: for the beginning of a script. */
export const drawnNetwork: fc.Arbitrary<Drawn> = networkCommands.newNetwork.draw.map((draw) => ({
  command: "newNetwork",
  draw,
}));

function commandOf(name: string): Command {
  const command = commands[name];
  if (command === undefined) throw new Error(`there is no command ${name}`);
  return command;
}

export function aim({ command, draw }: Drawn, model: Model, newKey: () => number): Operation | undefined {
  const wish = commandOf(command).aim(draw, model, newKey);
  return wish === undefined ? undefined : { command, wish };
}

/** What came of an operation. */
export type Outcome = { readonly answer: unknown } | { readonly code: string };

/** The code that an operation is refused with. */
export function refusal(model: Model, { command, wish }: Operation): string | undefined {
  return commandOf(command).refusal(model, wish);
}

/** The model after an operation that was done. */
export function applied(model: Model, { command, wish }: Operation, answer: unknown): Model {
  const next = structuredClone(model);
  commandOf(command).apply(next, wish, answer);
  return next;
}

export async function perform(hands: Hands, { command, wish }: Operation): Promise<Outcome> {
  try {
    // Null where nothing is answered: JSON has no undefined.
    return { answer: (await commandOf(command).perform(hands, wish)) ?? null };
  } catch (error) {
    if (error instanceof Error && "code" in error) return { code: String(error.code) };
    throw error;
  }
}

/** What the controller chose in an operation of which nobody heard the end; undefined where it was not done. */
export function recover(hands: Hands, { command, wish }: Operation): Outcome | undefined {
  const { recover: ask } = commandOf(command);
  if (ask === undefined) return { answer: null };
  const answer = ask(hands, wish);
  return answer === undefined ? undefined : { answer };
}
