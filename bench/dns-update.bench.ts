// How soon a name follows its container: from leave() and join() to the first answer, in another sandbox, that says so.

import { once } from "node:events";
import { createInterface } from "node:readline";
import type { BenchContext, Figure } from "./lib/bench.ts";
import { type Place, startAsking } from "./lib/dns.ts";
import { BenchHost } from "./lib/host.ts";
import { median, percentile } from "./lib/stats.ts";

export const description =
  "from leave() and from join() to the first answer that says so, in another sandbox";

const ROUNDS = 100;

export async function run({ log }: BenchContext): Promise<Figure[]> {
  await using host = await BenchHost.open({ resolver: true });
  const { controller } = host;
  // Whoever has left is asked for nowhere else.
  const network = await controller.newNetwork("bridge", "bench", { internal: true });
  const { sandbox: asker } = await controller.attach(network, { containerId: "asker" });
  const { sandbox, endpoint } = await controller.attach(network, { containerId: "asked" });
  await using changes = await Changes.of({ netns: asker.netnsPath, names: ["asked"] });
  const calls = { leave: () => endpoint.leave(sandbox), join: () => endpoint.join(sandbox) };
  const [leave, join]: [Lag[], Lag[]] = [[], []];
  for (let round = 1; round <= ROUNDS; round++) {
    leave.push(await changes.lagOf(calls.leave));
    join.push(await changes.lagOf(calls.join));
    if (round % 25 === 0) log(`round ${round} of ${ROUNDS}`);
  }
  const figures = (name: keyof typeof calls, lags: readonly Lag[]): Figure[] => {
    const called = lags.map(({ afterCall }) => afterCall);
    const answered = lags.map(({ afterReturn }) => afterReturn);
    return [
      { name: `after ${name}() was called`, value: median(called), unit: "ms" },
      { name: `after ${name}() had done`, value: median(answered), unit: "ms", bar: { atMost: 2 } },
      { name: `after ${name}() had done, p99`, value: percentile(answered, 0.99), unit: "ms" },
    ];
  };
  return [...figures("leave", leave), ...figures("join", join)];
}

/** Until the answer that says so, milliseconds. */
interface Lag {
  readonly afterCall: number;
  /** 0 where it came before. */
  readonly afterReturn: number;
}

/** Who asks all the time, and tells when the answers change. */
class Changes implements AsyncDisposable {
  readonly #client: ReturnType<typeof startAsking>;
  readonly #lines: AsyncIterator<string>;

  private constructor(client: ReturnType<typeof startAsking>) {
    this.#client = client;
    this.#lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
  }

  static async of(place: Place): Promise<Changes> {
    const changes = new Changes(startAsking(place, "changes"));
    await changes.#next();
    return changes;
  }

  async lagOf(call: () => Promise<void>): Promise<Lag> {
    const called = now();
    await call();
    const returned = now();
    const seen = await this.#next();
    return { afterCall: seen - called, afterReturn: Math.max(0, seen - returned) };
  }

  /** When the answers changed. */
  async #next(): Promise<number> {
    const { value } = await this.#lines.next();
    const [, moment] = String(value).split(" ");
    return Number(moment);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#client, "exit");
    this.#client.kill();
    await ended;
  }
}

/** CLOCK_MONOTONIC, milliseconds. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
