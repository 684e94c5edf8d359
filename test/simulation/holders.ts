// The processes that hold the hosts, told and heard together.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Done, Order, Sight } from "./holder.ts";
import type { Size } from "./plan.ts";

const holder = join(import.meta.dirname, "holder.ts");
/** Megabytes that a process may take for its objects. */
const heap = 4096;

export interface AllDone {
  /** Milliseconds, of the slowest. */
  readonly took: number;
  /** Ascending. */
  readonly told: readonly number[];
  readonly refused: number;
  readonly sight: Sight;
}

export class Holders implements AsyncDisposable {
  readonly #processes: readonly ChildProcess[];

  constructor(size: Size, endpoints: readonly string[]) {
    this.#processes = Array.from({ length: size.processes }, (_, share) =>
      fork(holder, [JSON.stringify(size), String(share), JSON.stringify(endpoints)], {
        execArgv: [`--max-old-space-size=${heap}`],
      }),
    );
  }

  /** @throws Error where a process ends over it */
  async tell(order: Order): Promise<AllDone> {
    const all = await Promise.all(this.#processes.map((process) => tell(process, order)));
    const sights = all.map(({ sight }) => sight).filter((sight) => sight !== undefined);
    const sum = (of: (sight: Sight) => number) => sights.reduce((total, sight) => total + of(sight), 0);
    return {
      took: Math.max(...all.map(({ took }) => took)),
      told: all.flatMap(({ told }) => told).sort((a, b) => a - b),
      refused: all.reduce((total, { refused }) => total + refused, 0),
      sight: {
        wrong: sum(({ wrong }) => wrong),
        entries: sum(({ entries }) => entries),
        resident: sum(({ resident }) => resident),
      },
    };
  }

  /** Looks until all tables are right, or the time is up. @returns how long it took, milliseconds, and what was seen last */
  async settle(mostMs: number): Promise<AllDone> {
    const began = performance.now();
    for (;;) {
      const took = performance.now() - began;
      const seen = await this.tell({ do: "look" });
      if (seen.sight.wrong === 0 || took > mostMs) return { ...seen, took };
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#processes.map(async (process) => {
        if (process.exitCode !== null || process.signalCode !== null) return;
        const ended = once(process, "exit");
        if (process.connected) process.send({ do: "end" } satisfies Order);
        else process.kill();
        await ended;
      }),
    );
  }
}

async function tell(process: ChildProcess, order: Order): Promise<Done> {
  const answered = new AbortController();
  const { signal } = answered;
  try {
    process.send(order);
    const [done] = await Promise.race([
      once(process, "message", { signal }),
      once(process, "exit", { signal }).then(([status, killedBy]) => {
        throw new Error(`a process of the simulation ended with ${status ?? killedBy}`);
      }),
    ]);
    return done as Done;
  } finally {
    answered.abort();
  }
}
