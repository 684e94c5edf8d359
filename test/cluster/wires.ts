// The wires of an underlay, from its switch to who is on it, made bad: by nft rules and queues in the test's own namespace.

import { execFileSync } from "node:child_process";
import { NftContext } from "@causeway/kernel";
import type { Underlay } from "../support/underlay.ts";

const port = (number: number) => `"port${number}"`;

export class Wires implements Disposable {
  readonly #underlay: Underlay;
  readonly #nft: NftContext;
  readonly #slowed = new Set<number>();

  constructor(underlay: Underlay) {
    this.#underlay = underlay;
    this.#nft = new NftContext(underlay.namespace);
    this.#nft.run(`
      table bridge faults {
        set cut { type ifname . ifname; }
        set lossy { type ifname; }
        chain forward {
          type filter hook forward priority 0;
          iifname . oifname @cut drop
          iifname @lossy numgen random mod 100 < 10 counter drop
        }
      }`);
  }

  /** From now on nothing gets from one side to the other, either way. */
  cut(one: readonly number[], other: readonly number[]): void {
    this.#nft.run(`add element bridge faults cut { ${pairs(one, other)} }`);
  }

  /** One packet in ten that somebody sends gets lost, and what it is sent waits for its turn: 160 kbit/s. */
  slow(number: number): void {
    this.#nft.run(`add element bridge faults lossy { ${port(number)} }`);
    this.#slowed.add(number);
    this.#tc(
      "qdisc",
      "add",
      "dev",
      `port${number}`,
      "root",
      "tbf",
      "rate",
      "160kbit",
      "burst",
      "1600",
      "latency",
      "800ms",
    );
  }

  /** What has befallen packets so far on wires that are slow. */
  suffered(): { readonly lost: number; readonly delayed: number } {
    const rules = this.#nft.run("list chain bridge faults forward");
    const queues = [...this.#slowed]
      .map((number) => this.#tc("-s", "qdisc", "show", "dev", `port${number}`))
      .join();
    return { lost: countIn(rules, /counter packets (\d+)/g), delayed: countIn(queues, /overlimits (\d+)/g) };
  }

  /** All is as it was. */
  mend(): void {
    this.#nft.run("flush set bridge faults cut; flush set bridge faults lossy");
    for (const number of this.#slowed) this.#tc("qdisc", "del", "dev", `port${number}`, "root");
    this.#slowed.clear();
  }

  [Symbol.dispose](): void {
    this.#nft[Symbol.dispose]();
  }

  #tc(...args: readonly string[]): string {
    return this.#underlay.namespace.run(() => execFileSync("tc", args, { encoding: "utf8" }));
  }
}

function countIn(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].reduce((sum, [, count]) => sum + Number(count), 0);
}

function pairs(one: readonly number[], other: readonly number[]): string {
  return one
    .flatMap((a) => other.flatMap((b) => [`${port(a)} . ${port(b)}`, `${port(b)} . ${port(a)}`]))
    .join(", ");
}
