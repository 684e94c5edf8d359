// What a script did, in words: the shrunk one is what somebody reads who has to mend something.

import type { Outcome } from "./commands/all.ts";
import type { Operation } from "./commands/command.ts";
import { byKey, type Model } from "./model.ts";

export class Transcript {
  readonly #lines: string[] = [];

  /** An operation begins; its line is completed when it ends. */
  begin(model: Model, operation: Operation, how = ""): { end(outcome: Outcome): void } {
    const text = `${describe(model, operation)}${how === "" ? "" : `   (${how})`}`;
    const at = this.#lines.push(text) - 1;
    return {
      end: (outcome) => {
        this.#lines[at] = `${text} -> ${"code" in outcome ? outcome.code : answerText(outcome.answer)}`;
      },
    };
  }

  note(text: string): void {
    this.#lines.push(text);
  }

  /** The error, with what led to it. */
  failure(cause: unknown): Error {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new Error(`${reason}\nafter\n${this.#lines.map((line) => `  ${line}`).join("\n")}\n`, { cause });
  }
}

/** Keys are replaced by names, as far as the objects are there. */
function describe({ networks, endpoints, sandboxes }: Model, { command, wish }: Operation): string {
  const nameOf: Readonly<Record<string, (key: number) => string | undefined>> = {
    network: (key) => byKey(networks, key)?.name,
    endpoint: (key) => byKey(endpoints, key)?.name,
    sandbox: (key) => byKey(sandboxes, key)?.name,
    owner: (key) => byKey(sandboxes, key)?.name,
  };
  const text = JSON.stringify(wish, (name, value: unknown) => {
    if (name === "key") return undefined;
    return typeof value === "number" ? (nameOf[name]?.(value) ?? value) : value;
  });
  return `${command} ${text}`;
}

function answerText(answer: unknown): string {
  if (answer === null || answer === true) return "done";
  const { bindings = answer, ...addresses } = { ...(answer as Readonly<Record<string, unknown>>) };
  const known = Object.values(addresses).filter((value) => typeof value === "string");
  const ports = Array.isArray(bindings)
    ? bindings.map(({ hostAddress, hostPort }) => `${hostAddress}:${hostPort}`)
    : [];
  return ["done", ...known, ...ports].join(" ");
}
