// Pings that go on, from one endpoint to another.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { NetNamespace } from "@causeway/kernel";
import type { SeenEndpoint } from "./orders.ts";

export class Pinging implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #report: Promise<string>;

  constructor(from: SeenEndpoint, to: SeenEndpoint) {
    using namespace = NetNamespace.open(from.netnsPath ?? "");
    this.#child = namespace.spawn("ping", ["-n", "-q", "-i", "0.2", to.ipv4], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (this.#child.stdout === null) throw new Error("ping has no standard output");
    this.#report = text(this.#child.stdout);
  }

  /** Ends it. */
  async lost(): Promise<number> {
    this.#child.kill("SIGINT");
    const report = await this.#report;
    const [, sent = 0, received = 0] = (/(\d+) packets transmitted, (\d+) received/.exec(report) ?? []).map(
      Number,
    );
    if (received === 0) throw new Error(`no ping was answered: ${report}`);
    // One that was under way when it was stopped is not lost.
    return Math.max(0, sent - received - 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }
}
