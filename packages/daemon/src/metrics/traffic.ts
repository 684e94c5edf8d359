/**
 * Traffic of each endpoint, as its sandbox sees it: asked of the kernel when somebody looks, a few sandboxes at a time.
 */
import { setImmediate } from "node:timers/promises";
import type { Endpoint, InterfaceStatistics, NetworkController, Sandbox } from "@causeway/libnetwork";
import { Counter, Gauge, type Registry } from "prom-client";
import { containerNameLabel } from "../containers/contract.ts";

/** A sandbox costs some hundred microseconds: requests get their turn in between. */
const sandboxesAtOnce = 8;

const fields = {
  causeway_endpoint_receive_bytes_total: ["Bytes that came in.", "rxBytes"],
  causeway_endpoint_receive_packets_total: ["Packets that came in.", "rxPackets"],
  causeway_endpoint_receive_errors_total: ["Packets that came in broken.", "rxErrors"],
  causeway_endpoint_receive_dropped_total: ["Packets that came in and were dropped.", "rxDropped"],
  causeway_endpoint_transmit_bytes_total: ["Bytes that went out.", "txBytes"],
  causeway_endpoint_transmit_packets_total: ["Packets that went out.", "txPackets"],
  causeway_endpoint_transmit_errors_total: ["Packets that could not go out.", "txErrors"],
  causeway_endpoint_transmit_dropped_total: ["Packets that were to go out and were dropped.", "txDropped"],
} as const satisfies Readonly<Record<string, readonly [help: string, field: keyof InterfaceStatistics]>>;

const labelNames = ["network", "endpoint", "container"] as const;
type Labels = Readonly<Record<(typeof labelNames)[number], string>>;

interface Row {
  readonly labels: Labels;
  readonly seen: InterfaceStatistics;
}

export class Traffic {
  readonly #controller: NetworkController;
  readonly #counters: readonly {
    readonly counter: Counter<(typeof labelNames)[number]>;
    readonly field: keyof InterfaceStatistics;
  }[];
  readonly #leftOut: Gauge;

  constructor(controller: NetworkController, registry: Registry) {
    this.#controller = controller;
    const registers = [registry];
    this.#counters = Object.entries(fields).map(([name, [help, field]]) => ({
      counter: new Counter({ name, help, labelNames, registers }),
      field,
    }));
    this.#leftOut = new Gauge({
      name: "causeway_endpoint_traffic_left_out",
      help: "Endpoints whose traffic is not told: more than metrics.traffic-limit, or not to be asked.",
      registers,
    });
  }

  /** @param limit endpoints at most, the oldest sandboxes first */
  async read(limit: number): Promise<void> {
    const rows: Row[] = [];
    let leftOut = 0;
    for (const [turn, sandbox] of this.#controller.sandboxes().entries()) {
      const endpoints = sandbox.endpoints();
      const fits = rows.length + endpoints.length <= limit;
      if (fits && turn % sandboxesAtOnce === sandboxesAtOnce - 1) await setImmediate();
      const found = fits ? rowsOf(sandbox, endpoints) : [];
      rows.push(...found);
      leftOut += endpoints.length - found.length;
    }
    this.#show(rows);
    this.#leftOut.set(leftOut);
  }

  /** Nothing is told any more. */
  clear(): void {
    this.#show([]);
    this.#leftOut.set(0);
  }

  #show(rows: readonly Row[]): void {
    for (const { counter, field } of this.#counters) {
      counter.reset();
      for (const { labels, seen } of rows) counter.inc(labels, Number(seen[field]));
    }
  }
}

/** Nothing of a sandbox that is lost, has no namespace yet, or goes while we ask. */
function rowsOf(sandbox: Sandbox, endpoints: readonly Endpoint[]): readonly Row[] {
  try {
    const statistics = sandbox.statistics();
    return endpoints.flatMap((endpoint) => {
      const seen = statistics.get(endpoint.info().interfaceName ?? "");
      return seen === undefined ? [] : [{ labels: labelsOf(endpoint, sandbox), seen }];
    });
  } catch {
    return [];
  }
}

function labelsOf(endpoint: Endpoint, sandbox: Sandbox): Labels {
  return {
    network: endpoint.network.name,
    endpoint: endpoint.name,
    container: sandbox.labels[containerNameLabel] ?? sandbox.containerId,
  };
}
