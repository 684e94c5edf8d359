// What every command is: drawn, aimed, foretold, done.

import type { Endpoint, Network, NetworkController, Sandbox } from "@causeway/libnetwork";
import type fc from "fast-check";
import type { Model } from "../model.ts";

/**
 * Something that can be done with a controller. A draw is random and knows nothing of what there is; aimed at the objects that there are, it
 * becomes a wish: plain data that names objects by their keys.
 *
 * Methods, not properties: so a command of one kind of wish stands in a table of all.
 */
export interface Command<Draw = unknown, Wish = unknown, Answer = unknown> {
  readonly draw: fc.Arbitrary<Draw>;
  /** Undefined where there is nothing to aim at. */
  aim(draw: Draw, model: Model, newKey: () => number): Wish | undefined;
  /** The code of the error that must come; undefined where it must be done. */
  refusal(model: Model, wish: Wish): string | undefined;
  /** Changes the model: what was done, with what the controller chose itself. */
  apply(model: Model, wish: Wish, answer: Answer): void;
  perform(hands: Hands, wish: Wish): Promise<Answer>;
  /** What the controller chose in an operation that was killed, or undefined where it was not done. Default: nothing is chosen. */
  recover?(hands: Hands, wish: Wish): Answer | undefined;
}

/** An operation, ready to be done, also in another process. */
export interface Operation {
  readonly command: string;
  readonly wish: unknown;
}

/** What is in a user's hands: the controller, and objects by the model's keys. */
export class Hands {
  readonly controller: NetworkController;
  /** Paths of namespaces that somebody else made. */
  readonly outer: readonly string[];
  readonly #networks = new Map<number, Network>();
  readonly #endpoints = new Map<number, Endpoint>();
  readonly #sandboxes = new Map<number, Sandbox>();

  /** Takes everything of the model into the hands, by its name. */
  constructor(controller: NetworkController, model: Model, outer: readonly string[]) {
    this.controller = controller;
    this.outer = outer;
    for (const { key, name } of model.networks) this.hold(key, controller.networkByName(name));
    for (const { key, name, network } of model.endpoints) {
      this.hold(key, this.#networks.get(network)?.endpointByName(name));
    }
    for (const { key, name } of model.sandboxes) this.hold(key, controller.sandboxByContainerId(name));
  }

  hold(key: number, handle: Network | Endpoint | Sandbox | undefined): void {
    if (handle === undefined) throw new Error(`object ${key} of the model is not to be found`);
    if ("leave" in handle) this.#endpoints.set(key, handle);
    else if ("setKey" in handle) this.#sandboxes.set(key, handle);
    else this.#networks.set(key, handle);
  }

  network(key: number): Network {
    return present(this.#networks.get(key), key);
  }

  endpoint(key: number): Endpoint {
    return present(this.#endpoints.get(key), key);
  }

  sandbox(key: number): Sandbox {
    return present(this.#sandboxes.get(key), key);
  }
}

function present<T>(handle: T | undefined, key: number): T {
  if (handle === undefined) throw new Error(`object ${key} is in nobody's hands`);
  return handle;
}

/** One of a list by a number of any size. */
export function pick<T>(list: readonly T[], number: number): T | undefined {
  return list[number % Math.max(1, list.length)];
}
