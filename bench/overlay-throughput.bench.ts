// TCP between sandboxes of two hosts: by the overlay driver, and by a bridge and a VXLAN device that were set up with ip(8), on hosts that do
// nothing else, and on hosts that give their sandboxes a way out as well, which takes the kernel connection tracking and NAT.

import { spawnSync } from "node:child_process";
import { text } from "node:stream/consumers";
import { NetNamespace } from "@causeway/kernel";
import { OverlayCluster, usual } from "../test/support/overlay-cluster.ts";
import { Underlay } from "../test/support/underlay.ts";
import type { BenchContext, Figure } from "./lib/bench.ts";
import { median } from "./lib/stats.ts";

export const description =
  "TCP between sandboxes of two hosts, by iperf3: an overlay network, and a VXLAN by hand";

const ROUNDS = 25;
/** Of one measurement: short, so that what is compared is measured at nearly the same time. */
const SECONDS = 1;
const SERVER = "10.7.0.3";
const MEGABIT = 1e6;

/** Two sandboxes on two hosts; the second has the address {@link SERVER}. */
interface Scene extends AsyncDisposable {
  readonly client: NetNamespace;
  readonly server: NetNamespace;
}

export async function run({ log }: BenchContext): Promise<Figure[]> {
  await using ours = await byDriver();
  await using hand = byHand();
  await using masquerading = byHand(masquerade);
  const scenes = { ours, hand, masquerading };
  const rates: Record<keyof typeof scenes, number[]> = { ours: [], hand: [], masquerading: [] };
  const order = ["ours", "hand", "masquerading"] as const;
  for (const name of order) await rate(scenes[name]);
  for (let round = 1; round <= ROUNDS; round++) {
    // The other way round each second time, so that nobody is always first.
    for (const name of round % 2 === 0 ? order : order.toReversed())
      rates[name].push(await rate(scenes[name]));
    log(
      `round ${round} of ${ROUNDS}: ${order.map((name) => `${name} ${rates[name].at(-1)?.toFixed(0)}`).join(", ")}`,
    );
  }
  const ofOurs = (others: readonly number[]) =>
    median(rates.ours.map((value, round) => value / (others[round] ?? Number.NaN)));
  return [
    { name: "an overlay network", value: median(rates.ours), unit: "Mbit/s" },
    { name: "a VXLAN by hand", value: median(rates.hand), unit: "Mbit/s" },
    { name: "a VXLAN by hand, hosts with NAT", value: median(rates.masquerading), unit: "Mbit/s" },
    { name: "overlay network / by hand", value: ofOurs(rates.hand), unit: "x", bar: { atLeast: 0.97 } },
    {
      name: "overlay network / by hand, hosts with NAT",
      value: ofOurs(rates.masquerading),
      unit: "x",
      bar: { atLeast: 0.97 },
    },
  ];
}

async function rate({ client, server }: Scene): Promise<number> {
  const listening = server.spawn("iperf3", ["-s", "-1", "--forceflush"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (listening.stdout === null) throw new Error("the server has no standard output");
  const said = listening.stdout[Symbol.asyncIterator]();
  await said.next();
  const asking = client.spawn("iperf3", ["-c", SERVER, "-t", String(SECONDS), "-J"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (asking.stdout === null) throw new Error("the client has no standard output");
  const report = JSON.parse(await text(asking.stdout)) as {
    readonly end: { readonly sum_received: { readonly bits_per_second: number } };
  };
  // The server ends with its client.
  while ((await said.next()).done !== true);
  return report.end.sum_received.bits_per_second / MEGABIT;
}

async function byDriver(): Promise<Scene> {
  const cluster = new OverlayCluster();
  const network = await cluster.newNetwork();
  const a = await cluster.join(cluster.host(1), network, usual(2));
  const b = await cluster.join(cluster.host(2), network, usual(3));
  return {
    client: a.namespace,
    server: b.namespace,
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

/** The least that a host has for sandboxes to reach the world. */
const masquerade = `table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat
    ip saddr 172.17.0.0/16 oifname "eth0" masquerade
  }
}`;

/** On an underlay of the same make, with ip's defaults for everything. @param ruleset of the hosts. Default: none */
function byHand(ruleset = ""): Scene {
  const opened = new DisposableStack();
  const underlay = opened.use(new Underlay());
  const hosts = [1, 2].map((number) => ({ number, namespace: opened.use(NetNamespace.create()) }));
  const [client, server] = hosts.map(({ number, namespace }) => {
    underlay.connect(namespace, number);
    const sandbox = opened.use(NetNamespace.create());
    feed(namespace, "nft", ["-f", "-"], ruleset);
    ip(
      namespace,
      "link add name br0 type bridge",
      `link add name vxlan0 type vxlan id 42 dstport 4789 local 192.0.2.${number} remote 192.0.2.${3 - number}`,
      "link add name veth0 type veth peer name inner0",
      "link set vxlan0 mtu 1450 master br0 up",
      "link set veth0 mtu 1450 master br0 up",
      "link set br0 up",
      `link set inner0 netns /proc/${process.pid}/fd/${sandbox.fd} name eth0`,
    );
    ip(sandbox, `addr add 10.7.0.${number + 1}/24 dev eth0`, "link set eth0 mtu 1450 up", "link set lo up");
    return sandbox;
  });
  if (client === undefined || server === undefined) throw new Error("two hosts have two sandboxes");
  return { client, server, [Symbol.asyncDispose]: async () => opened.dispose() };
}

function ip(namespace: NetNamespace, ...commands: readonly string[]): void {
  feed(namespace, "ip", ["-batch", "-"], `${commands.join("\n")}\n`);
}

function feed(namespace: NetNamespace, program: string, args: readonly string[], input: string): void {
  const { status, stderr } = namespace.run(() => spawnSync(program, args, { input, encoding: "utf8" }));
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
}
