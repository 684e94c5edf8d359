// New connections through a service's address with 50 members, beside direct ones to the members in turns: from the same sandbox, and in a
// network without services.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { text } from "node:stream/consumers";
import { NetNamespace, writeSysctl } from "@causeway/kernel";
import type { Network } from "@causeway/libnetwork";
import type { BenchContext, Figure } from "./lib/bench.ts";
import { compiled } from "./lib/compile.ts";
import { BenchHost } from "./lib/host.ts";
import { median } from "./lib/stats.ts";

export const description =
  "new connections a second through a service's address with 50 members, and to these directly";

const ROUNDS = 40;
/** In one measurement: few, so that what is compared is measured at nearly the same time. */
const CONNECTIONS = 1000;
const MEMBERS = 50;
const PORT = 80;
/** Client, servers, and so what the kernel does for them, are on one CPU. */
const CPU = String(cpus().length - 1);

type Way = "service" | "direct" | "untracked";

/** Whom a client asks, in turns. */
interface Question {
  readonly client: NetNamespace;
  readonly addresses: readonly string[];
  readonly servers: readonly ChildProcess[];
}

export async function run({ log }: BenchContext): Promise<Figure[]> {
  await using host = await BenchHost.open();
  await using opened = new AsyncDisposableStack();
  const questions = await scene(host, opened);
  const rates: Record<Way, number[]> = { service: [], direct: [], untracked: [] };
  const order: readonly Way[] = ["service", "direct", "untracked"];
  for (let round = 1; round <= ROUNDS; round++) {
    // The other way round each second time, so that nobody is always first.
    for (const way of round % 2 === 0 ? order : order.toReversed())
      rates[way].push(await connectionRate(questions[way]));
    log(`round ${round} of ${ROUNDS}: ${order.map((way) => `${way} ${rates[way].at(-1)}`).join(", ")}`);
  }
  const serviceTo = (way: Way) =>
    median(rates.service.map((rate, round) => rate / (rates[way][round] ?? Number.NaN)));
  return [
    { name: "a service of 50 members", value: median(rates.service), unit: "1/s" },
    { name: "direct, same sandbox", value: median(rates.direct), unit: "1/s" },
    { name: "direct, no service", value: median(rates.untracked), unit: "1/s" },
    { name: "service / direct, same sandbox", value: serviceTo("direct"), unit: "x", bar: { atLeast: 0.9 } },
    { name: "service / direct, no service", value: serviceTo("untracked"), unit: "x" },
  ];
}

async function scene(host: BenchHost, opened: AsyncDisposableStack): Promise<Record<Way, Question>> {
  const served = await makeNetwork(host, "served", "10.44.0.0/16");
  const service = await served.createService("web");
  const asked = await populate(host, opened, served, { name: "web" });
  const plain = await populate(host, opened, await makeNetwork(host, "plain", "10.45.0.0/16"), undefined);
  return {
    service: { ...asked, addresses: [ipOf(service.ipv4)] },
    direct: asked,
    untracked: plain,
  };
}

function makeNetwork({ controller }: BenchHost, name: string, subnet: string): Promise<Network> {
  return controller.newNetwork("bridge", name, { ipam: { config: [{ subnet }] } });
}

/** A client and servers in a network, each in a sandbox of its own. */
async function populate(
  { controller }: BenchHost,
  opened: AsyncDisposableStack,
  network: Network,
  service: { readonly name: string } | undefined,
): Promise<Question> {
  const addresses: string[] = [];
  const servers: ChildProcess[] = [];
  for (let number = 1; number <= MEMBERS; number++) {
    const endpoint = service === undefined ? {} : { service };
    const made = await controller.attach(network, { containerId: `${network.name}-${number}`, endpoint });
    using namespace = NetNamespace.open(made.sandbox.netnsPath);
    servers.push(opened.adopt(await serve(namespace), end));
    addresses.push(ipOf(made.endpoint.ipv4));
  }
  const { sandbox } = await controller.attach(network, { containerId: `${network.name}-client` });
  const client = opened.use(NetNamespace.open(sandbox.netnsPath));
  // A connection that was reset is remembered for 10 s by default: the table would fill up in the course of the bench.
  client.run(() => writeSysctl("net/netfilter/nf_conntrack_tcp_timeout_close", 1));
  return { client, addresses, servers };
}

async function connectionRate({ client, addresses, servers }: Question): Promise<number> {
  const processes = servers.map(({ pid }) => pid).join();
  const args = ["rate", CPU, addresses.join(), String(PORT), processes, String(CONNECTIONS)];
  const asker = client.spawn(compiled("connect"), args, { stdio: ["ignore", "pipe", "inherit"] });
  if (asker.stdout === null) throw new Error("the client has no standard output");
  return Number(await text(asker.stdout));
}

async function serve(namespace: NetNamespace): Promise<ChildProcess> {
  const args = ["serve", CPU, String(PORT)];
  const server = namespace.spawn(compiled("connect"), args, { stdio: ["ignore", "pipe", "inherit"] });
  if (server.stdout === null) throw new Error("the server has no standard output");
  await once(server.stdout, "data");
  return server;
}

async function end(server: ChildProcess): Promise<void> {
  server.kill();
  if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
}

function ipOf(cidr: string | undefined): string {
  const [ip = ""] = cidr?.split("/") ?? [];
  return ip;
}
