// Somebody deletes our packet filter's table: until it is back, what is published is not reached.

import { once } from "node:events";
import { createServer, type Server, Socket } from "node:net";
import { InetSockaddr, ipToBytes, listenTcp, NetNamespace, socket } from "@causeway/kernel";
import type { BenchContext, Figure } from "./lib/bench.ts";
import { BenchHost } from "./lib/host.ts";
import { median } from "./lib/stats.ts";
import { joinByWire } from "./lib/wire.ts";

export const description =
  "nft delete table with 1,000 published ports, until a new connection to one of them is served";

const ROUNDS = 15;
const PORTS = 1000;
const FIRST_HOST_PORT = 20_000;
const CONTAINER_PORT = 80;
const HOST = "192.0.2.1";
/** One that is in the middle of the map. */
const ASKED = FIRST_HOST_PORT + PORTS / 2;
/** Milliseconds that an answer may take; without one the next is asked. */
const PATIENCE = 20;
/** Milliseconds in which healing must be over. */
const LONGEST = 10_000;
/** Milliseconds after which another damage is another hand's: it is mended at once again. */
const CALM = 10_500;

export async function run({ log }: BenchContext): Promise<Figure[]> {
  await using host = await BenchHost.open();
  const { controller, rtnl, namespace } = host;
  const ipam = { config: [{ subnet: "10.44.0.0/16" }] };
  const network = await controller.newNetwork("bridge", "bench", { ipam });
  const publish = Array.from({ length: PORTS }, (_, i) => ({
    hostPort: FIRST_HOST_PORT + i,
    containerPort: i === PORTS / 2 ? CONTAINER_PORT : 1000 + i,
  }));
  const { sandbox } = await controller.attach(network, { containerId: "server", endpoint: { publish } });
  using container = NetNamespace.open(sandbox.netnsPath);
  const server = await serve(container);
  using outside = NetNamespace.create();
  joinByWire(rtnl, outside, { hostName: "uplink0", hostAddress: `${HOST}/24`, address: "192.0.2.2/24" });
  await served(outside);
  const times: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    times.push(await damaged(namespace, outside));
    log(`round ${round} of ${ROUNDS}: ${times.at(-1)?.toFixed(1)} ms`);
    await new Promise((done) => setTimeout(done, round < ROUNDS ? CALM : 0));
  }
  await new Promise((done) => server.close(done));
  return [{ name: "served again", value: median(times), unit: "ms", bar: { atMost: 300 } }];
}

/** Milliseconds from the start of the command, with its own start in it. */
async function damaged(host: NetNamespace, outside: NetNamespace): Promise<number> {
  const start = performance.now();
  const hand = host.spawn("nft", ["delete", "table", "inet", "causeway"], { stdio: "inherit" });
  const [status] = await once(hand, "exit");
  if (status !== 0) throw new Error(`nft ended with ${status}`);
  await served(outside);
  return performance.now() - start;
}

async function served(outside: NetNamespace): Promise<void> {
  const start = performance.now();
  while (!(await isServed(outside))) {
    if (performance.now() - start > LONGEST) throw new Error(`${HOST}:${ASKED} is not reached`);
  }
}

/** A new connection, and what the server says: the socket that holds the port on the host accepts too, and is silent. */
async function isServed(outside: NetNamespace): Promise<boolean> {
  const fd = outside.run(() =>
    socket.openSocket(socket.AF_INET, socket.SOCK_STREAM, 0, { nonBlocking: true }).release(),
  );
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const client = new Socket({ fd });
  const timer = setTimeout(() => resolve(false), PATIENCE);
  client.once("data", () => resolve(true));
  client.once("error", () => resolve(false));
  client.connect({ host: HOST, port: ASKED });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    client.destroy();
  }
}

async function serve(container: NetNamespace): Promise<Server> {
  const everywhere = new InetSockaddr(ipToBytes("0.0.0.0"), "0.0.0.0");
  const listening = container.run(() => listenTcp(everywhere, CONTAINER_PORT, { backlog: 64 }));
  const server = createServer((connection) => {
    connection.on("error", () => connection.destroy());
    connection.end("served");
  });
  server.listen({ fd: listening.release() });
  await once(server, "listening");
  return server;
}
