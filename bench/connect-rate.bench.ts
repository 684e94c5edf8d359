// New connections through a published port: alone, among many, and through a map that was written by hand.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { text } from "node:stream/consumers";
import { link, NetNamespace, NftContext, Rtnl, writeSysctl } from "@causeway/kernel";
import type { BenchContext, Figure } from "./lib/bench.ts";
import { compiled } from "./lib/compile.ts";
import { BenchHost } from "./lib/host.ts";
import { median } from "./lib/stats.ts";
import { addAddress, joinByWire } from "./lib/wire.ts";

export const description =
  "new connections a second through a published port: 1 of 1, 1 of 1,000, and 1 of 1,000 in a map by hand";

const ROUNDS = 60;
/** In one measurement: few, so that what is compared is measured at nearly the same time. */
const CONNECTIONS = 1000;
const PORTS = 1000;
const FIRST_HOST_PORT = 20_000;
const FIRST_CONTAINER_PORT = 80;
/** Client, server, and so what the kernel does for both, are on one CPU. */
const CPU = String(cpus().length - 1);

const GATEWAY = "10.44.0.1";
const HOST = "192.0.2.1";

/** A container that serves, a host that leads there by a published port, and a machine outside that asks. */
interface Scene extends AsyncDisposable {
  readonly outside: NetNamespace;
  readonly server: ChildProcess;
}

export async function run({ log }: BenchContext): Promise<Figure[]> {
  await using one = await ours(1);
  await using many = await ours(PORTS);
  await using hand = await byHand();
  const scenes = { one, many, hand };
  const rates = { one: [] as number[], many: [] as number[], hand: [] as number[] };
  const order = ["one", "many", "hand"] as const;
  for (let round = 1; round <= ROUNDS; round++) {
    // The other way round each second time, so that nobody is always first.
    for (const name of round % 2 === 0 ? order : order.toReversed()) {
      rates[name].push(await connectionRate(scenes[name]));
    }
    log(`round ${round} of ${ROUNDS}: ${order.map((name) => `${name} ${rates[name].at(-1)}`).join(", ")}`);
  }
  const manyTo = (others: readonly number[]) =>
    median(rates.many.map((rate, round) => rate / (others[round] ?? Number.NaN)));
  return [
    { name: "1 published port", value: median(rates.one), unit: "1/s" },
    { name: "1,000 published ports", value: median(rates.many), unit: "1/s" },
    { name: "a map of 1,000 by hand", value: median(rates.hand), unit: "1/s" },
    { name: "1,000 ports / 1 port", value: manyTo(rates.one), unit: "x", bar: { atLeast: 0.95 } },
    { name: "1,000 ports / by hand", value: manyTo(rates.hand), unit: "x", bar: { atLeast: 0.95 } },
  ];
}

async function connectionRate({ outside, server }: Scene): Promise<number> {
  const args = ["rate", CPU, HOST, String(FIRST_HOST_PORT), String(server.pid), String(CONNECTIONS)];
  const client = outside.spawn(compiled("connect"), args, { stdio: ["ignore", "pipe", "inherit"] });
  if (client.stdout === null) throw new Error("the client has no standard output");
  return Number(await text(client.stdout));
}

/** Our controller's host. */
async function ours(ports: number): Promise<Scene> {
  const host = await BenchHost.open();
  const { controller, rtnl, namespace } = host;
  const ipam = { config: [{ subnet: "10.44.0.0/16" }] };
  const network = await controller.newNetwork("bridge", "bench", { ipam });
  const publish = [
    {
      hostPort: FIRST_HOST_PORT,
      hostPortEnd: FIRST_HOST_PORT + ports - 1,
      containerPort: FIRST_CONTAINER_PORT,
      containerPortEnd: FIRST_CONTAINER_PORT + ports - 1,
    },
  ];
  const { sandbox } = await controller.attach(network, { containerId: "server", endpoint: { publish } });
  const server = await serve(NetNamespace.open(sandbox.netnsPath));
  const outside = machineOutside(namespace, rtnl);
  return {
    outside,
    server,
    async [Symbol.asyncDispose]() {
      await end(server);
      outside[Symbol.dispose]();
      await host[Symbol.asyncDispose]();
    },
  };
}

/** A host that somebody configured who knows nftables: a bridge, a container on it, a map of its ports, and no more. */
async function byHand(): Promise<Scene> {
  const host = NetNamespace.create();
  const container = NetNamespace.create();
  using rtnl = new Rtnl(host);
  using nft = new NftContext(host);
  rtnl.execute(
    link.create({ name: "br0", info: { kind: "bridge" } }),
    link.change({ name: "br0" }, { up: true }),
  );
  addAddress(rtnl, "br0", `${GATEWAY}/16`);
  const bridge = rtnl.query(link.getIndex({ name: "br0" }));
  joinByWire(rtnl, container, { hostName: "port0", bridge, address: "10.44.0.2/16", gateway: GATEWAY });
  host.run(() => writeSysctl("net/ipv4/ip_forward", 1));
  const entries = Array.from(
    { length: PORTS },
    (_, i) => `${FIRST_HOST_PORT + i} : 10.44.0.2 . ${FIRST_CONTAINER_PORT + i}`,
  );
  nft.run(`table ip byhand {
    map ports { type inet_service : ipv4_addr . inet_service; elements = { ${entries.join(", ")} } }
    chain published { type nat hook prerouting priority dstnat; dnat ip to tcp dport map @ports; }
  }`);
  const outside = machineOutside(host, rtnl);
  const server = await serve(container);
  return {
    outside,
    server,
    async [Symbol.asyncDispose]() {
      await end(server);
      for (const namespace of [outside, container, host]) namespace[Symbol.dispose]();
    },
  };
}

function machineOutside(host: NetNamespace, rtnl: Rtnl): NetNamespace {
  const outside = NetNamespace.create();
  joinByWire(rtnl, outside, { hostName: "uplink0", hostAddress: `${HOST}/24`, address: "192.0.2.2/24" });
  // A connection that was reset is remembered for 10 s by default: the table would fill up in the course of the bench.
  host.run(() => writeSysctl("net/netfilter/nf_conntrack_tcp_timeout_close", 1));
  return outside;
}

async function serve(container: NetNamespace): Promise<ChildProcess> {
  const args = ["serve", CPU, String(FIRST_CONTAINER_PORT)];
  const server = container.spawn(compiled("connect"), args, { stdio: ["ignore", "pipe", "inherit"] });
  if (server.stdout === null) throw new Error("the server has no standard output");
  await once(server.stdout, "data");
  return server;
}

async function end(server: ChildProcess): Promise<void> {
  server.kill();
  if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
}
