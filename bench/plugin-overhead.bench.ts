// What the plugin protocol costs: the served bridge driver's part of an attach, called in this process and through its socket, by one store's rules.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { link, NetNamespace, NftContext, Rtnl, unbindNamespace } from "@causeway/kernel";
import { PluginHost } from "@causeway/libnetwork";
import { PluginClient, RemoteNetworkDriver } from "@causeway/plugin-sdk";
import { ServedPlugin } from "../test/support/served-plugin.ts";
import type { BenchContext, Figure } from "./lib/bench.ts";
import { median } from "./lib/stats.ts";

export const description =
  "CreateEndpoint, Join and ProgramExternalConnectivity of the served driver: through its socket against in process";

const ROUNDS = 10;
/** Attached in each round, by the two ways in turns. */
const ENDPOINTS = 20;
/** In which code gets as fast as it will be. */
const WARM_UP_ROUNDS = 4;

type Attach = (number: number) => Promise<void>;

/** Milliseconds. */
interface Times {
  readonly here: number[];
  readonly there: number[];
}

/** A way to the driver, with a network of its own. */
interface Way {
  readonly attach: Attach;
  readonly detach: Attach;
}

export async function run({ log }: BenchContext): Promise<Figure[]> {
  new NftContext()[Symbol.dispose]();
  // Durable writes go to a disk.
  const directory = mkdtempSync("/var/tmp/causeway-bench-");
  const ends: (() => unknown)[] = [];
  const namespace = NetNamespace.create();
  const hostNamespace = join(directory, "host");
  namespace.bindAt(hostNamespace);
  try {
    using rtnl = new Rtnl(namespace);
    rtnl.execute(link.change({ name: "lo" }, { up: true }));
    const options = { stateDir: join(directory, "here"), hostNamespace, firewallTable: "plugin_here" };
    await using host = await PluginHost.open(options);
    const socket = join(directory, "served.sock");
    const after = (end: () => unknown) => void ends.unshift(end);
    await ServedPlugin.start(
      { after },
      { name: "served", stateDir: join(directory, "served"), hostNamespace, socket },
    );
    using client = new PluginClient("served", { directories: { sockets: directory, specs: [] } });
    const here = await inProcess(host, "10.45.0");
    const there = await throughSocket(new RemoteNetworkDriver(client), "10.46.0");
    const times: Times = { here: [], there: [] };
    for (let round = 1; round <= WARM_UP_ROUNDS + ROUNDS; round++) {
      log(`round ${round} of ${WARM_UP_ROUNDS + ROUNDS}`);
      const counted: Times = round > WARM_UP_ROUNDS ? times : { here: [], there: [] };
      for (let number = 2; number < ENDPOINTS + 2; number++) {
        counted.here.push(await timed(here, number));
        counted.there.push(await timed(there, number));
      }
      for (const way of [here, there])
        for (let number = 2; number < ENDPOINTS + 2; number++) await way.detach(number);
      // What is cleared away holds up whoever comes next.
      while (rtnl.findLinks({ kind: "veth" }).length > 0) await sleep(50);
    }
    const [ours, served] = [median(times.here), median(times.there)];
    return [
      { name: "in process", value: ours, unit: "ms" },
      { name: "through the socket", value: served, unit: "ms" },
      { name: "more", value: served - ours, unit: "ms", bar: { atMost: 2 } },
    ];
  } finally {
    for (const end of ends) await end();
    namespace[Symbol.dispose]();
    unbindNamespace(hostNamespace);
    rmSync(directory, { recursive: true });
  }
}

async function timed({ attach }: Way, number: number): Promise<number> {
  const start = performance.now();
  await attach(number);
  return performance.now() - start;
}

const newId = () => randomBytes(32).toString("hex");

function requests(prefix: string) {
  const NetworkID = newId();
  const base = newId();
  const pool = {
    AddressSpace: "LocalDefault",
    Pool: `${prefix}.0/24`,
    Gateway: `${prefix}.1/24`,
    AuxAddresses: {},
  };
  const ids = (number: number) => ({
    NetworkID,
    EndpointID: `${number.toString(16).padStart(4, "0")}${base.slice(4)}`,
  });
  return {
    network: { NetworkID, Options: {}, IPv4Data: [pool], IPv6Data: [] },
    ids,
    endpoint: (number: number) => ({
      ...ids(number),
      Options: {},
      Interface: { Address: `${prefix}.${number}/24`, AddressIPv6: "", MacAddress: "" },
    }),
    join: (number: number) => ({ ...ids(number), SandboxKey: "/run/docker/netns/bench", Options: {} }),
    external: (number: number) => ({ ...ids(number), Options: {} }),
  };
}

async function inProcess({ network: driver }: PluginHost, prefix: string): Promise<Way> {
  const { network, ids, endpoint, join: joining, external } = requests(prefix);
  const call = (method: string) =>
    ({ plugin: "here", method, signal: new AbortController().signal }) as never;
  await driver.createNetwork(network, call("NetworkDriver.CreateNetwork"));
  return {
    async attach(number) {
      await driver.createEndpoint(endpoint(number), call("NetworkDriver.CreateEndpoint"));
      await driver.join(joining(number), call("NetworkDriver.Join"));
      await driver.programExternalConnectivity?.(
        external(number),
        call("NetworkDriver.ProgramExternalConnectivity"),
      );
    },
    async detach(number) {
      await driver.leave(ids(number), call("NetworkDriver.Leave"));
      await driver.deleteEndpoint(ids(number), call("NetworkDriver.DeleteEndpoint"));
    },
  };
}

async function throughSocket(driver: RemoteNetworkDriver, prefix: string): Promise<Way> {
  const { network, ids, endpoint, join: joining, external } = requests(prefix);
  await driver.createNetwork(network);
  return {
    async attach(number) {
      await driver.createEndpoint(endpoint(number));
      await driver.join(joining(number));
      await driver.programExternalConnectivity(external(number));
    },
    async detach(number) {
      await driver.leave(ids(number));
      await driver.deleteEndpoint(ids(number));
    },
  };
}
