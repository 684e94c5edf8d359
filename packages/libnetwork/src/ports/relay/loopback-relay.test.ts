import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { Socket as DatagramSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  address,
  InetSockaddr,
  ipToBytes,
  LOOPBACK_IFINDEX,
  listenTcp,
  type NetNamespace,
  Rtnl,
} from "@causeway/kernel";
import { eventually, patience } from "../../../../../test/support/eventually.ts";
import { checkLeaks, leftovers } from "../../../../../test/support/leak-check.ts";
import { openUdp } from "../../../../../test/support/traffic.ts";
import type { PortMapping } from "../../contracts/driver.ts";
import { PortAllocator } from "../port-allocator.ts";
import { type Container, connectFrom, newContainer, newHost, tcp, udp } from "../test-support.ts";
import type { RelayLimits } from "./loopback-relay.ts";

describe("the relay of [::1]", () => {
  checkLeaks();

  interface Stage {
    readonly host: NetNamespace;
    readonly container: Container;
    readonly allocator: PortAllocator;
  }

  /** A host with a container, whose IPv4 or IPv6 address the mappings lead to. */
  async function stage(
    t: TestContext,
    mappings: readonly PortMapping[],
    family: 4 | 6 = 4,
    relay?: RelayLimits,
  ): Promise<Stage> {
    const host = newHost(t);
    const container = newContainer(t, host);
    const allocator = new PortAllocator(host, relay === undefined ? {} : { relay });
    t.after(() => allocator.close());
    const { ipv4, ipv6 } = container;
    allocator.reserve("e1", family === 4 ? { ipv4 } : { ipv6 }, mappings);
    return { host, container, allocator };
  }

  for (const family of [4, 6] as const) {
    test(`TCP reaches a container by IPv${family}: both ways at once, each side ends by itself, nothing is lost`, async (t) => {
      const { host, container } = await stage(t, [tcp(80, { hostPort: 8080 })], family);
      const answer = randomBytes(12_000_000);
      // Reads all that comes until the end, and only then answers: half-closed connections work.
      tcpServer(t, container, family, (connection) => {
        const digest = createHash("sha256");
        connection.on("data", (data) => digest.update(data));
        connection.once("end", () => {
          connection.write(digest.digest());
          connection.end(answer);
        });
      });
      const question = randomBytes(20_000_000);
      const client = connectFrom(host, "::1", 8080);
      client.end(question);
      const received = Buffer.concat(await client.toArray());
      assert.ok(received.subarray(0, 32).equals(sha256(question)));
      assert.ok(received.subarray(32).equals(answer));
    });

    test(`UDP reaches a container by IPv${family}: each client gets its own answers`, async (t) => {
      const { host, container } = await stage(t, [udp(53, { hostPort: 5353, hostAddress: "::1" })], family);
      const sources = new Set<number>();
      udpServer(t, container, family, (server, data, port, address) => {
        sources.add(port);
        server.send(`answer to ${data}`, port, address);
      });
      const clients = ["a", "b", "c"].map(() => udpClient(t, host, "::1"));
      for (const [name, client] of Object.entries(clients)) client.send(name, 5353, "::1");
      const answers = await Promise.all(clients.map((client) => nextMessage(client)));
      assert.deepEqual(answers, ["answer to 0", "answer to 1", "answer to 2"]);
      assert.equal(sources.size, 3);
      const [client] = clients;
      client?.send("again", 5353, "::1");
      assert.equal(client && (await nextMessage(client)), "answer to again");
      assert.equal(sources.size, 3);
    });
  }

  test("datagrams as large as they come go through whole", async (t) => {
    const { host, container } = await stage(t, [udp(53, { hostPort: 5353 })]);
    udpServer(t, container, 4, (server, data, port, address) => server.send(sha256(data), port, address));
    const client = udpClient(t, host, "::1");
    const large = randomBytes(60_000);
    client.send(large, 5353, "::1");
    const [digest] = (await once(client, "message")) as [Buffer];
    assert.ok(digest.equals(sha256(large)));
  });

  test("connections that come before the relay has taken up the port wait for it", async (t) => {
    const mappings = Array.from({ length: 100 }, (_, at) => tcp(80, { hostPort: 8000 + at }));
    const { host, container } = await stage(t, mappings);
    tcpServer(t, container, 4, (connection) => connection.end("here"));
    const clients = mappings.map(({ hostPort = 0 }) => connectFrom(host, "::1", hostPort));
    for (const client of clients) {
      assert.equal(Buffer.concat(await client.toArray()).toString(), "here");
      client.end();
    }
  });

  test("a side that does not read holds up the other, and not in our memory", async (t) => {
    const { host, container } = await stage(t, [tcp(80, { hostPort: 8080 })]);
    const accepted = Promise.withResolvers<Socket>();
    tcpServer(t, container, 4, accepted.resolve);
    const client = connectFrom(host, "::1", 8080);
    client.resume();
    const total = 80_000_000;
    client.end(Buffer.alloc(total));
    const connection = await accepted.promise;
    // What leaves the client is in the kernel's buffers on the way, and a little in ours, and when those are full it rests.
    for (let was = Number.NaN; client.writableLength !== was; ) {
      was = client.writableLength;
      await sleep(400);
    }
    assert.ok(client.writableLength > 0, "the relay read everything");
    let received = 0;
    connection.on("data", (data) => {
      received += data.length;
    });
    connection.once("end", () => connection.end());
    await once(client, "end");
    assert.equal(received, total);
  });

  test("a container that refuses, and one that resets, is what the client sees", async (t) => {
    const { host, container } = await stage(t, [tcp(80, { hostPort: 8080 }), tcp(81, { hostPort: 8081 })]);
    tcpServer(t, container, 4, (connection) => {
      connection.once("data", () => connection.resetAndDestroy());
    });
    for (const port of [8080, 8081]) {
      const client = connectFrom(host, "::1", port);
      client.write("hello");
      assert.equal((await failure(client)).code, "ECONNRESET");
    }
  });

  test("a client that resets is what the container sees", async (t) => {
    const { host, container } = await stage(t, [tcp(80, { hostPort: 8080 })]);
    const failed = Promise.withResolvers<NodeJS.ErrnoException>();
    tcpServer(t, container, 4, (connection) => {
      connection.on("error", failed.resolve);
      connection.write("hello");
    });
    const client = connectFrom(host, "::1", 8080);
    await once(client, "data");
    client.resetAndDestroy();
    assert.equal((await failed.promise).code, "ECONNRESET");
  });

  test("nobody but [::1] is served: not the host's other addresses, nor the wire", async (t) => {
    const { host, container } = await stage(t, [tcp(80, { hostPort: 8080 }), udp(53, { hostPort: 5353 })]);
    let served = 0;
    tcpServer(t, container, 4, (connection) => {
      served++;
      connection.end("hello");
    });
    udpServer(t, container, 4, (server, _, port, address) => {
      served++;
      server.send("hello", port, address);
    });
    // Another address of the loopback interface: those of other interfaces do not get as far as the relay.
    const neighbour = "fd00:1::1";
    using rtnl = new Rtnl(host);
    rtnl.execute(address.add({ link: LOOPBACK_IFINDEX, address: neighbour, prefixLength: 128 }));
    const { ipv6 } = container.gateway;
    for (const [namespace, source, destination, code] of [
      [host, neighbour, "::1", "ECONNRESET"],
      [host, ipv6, ipv6, "ECONNREFUSED"],
      [container.namespace, container.ipv6, ipv6, "ECONNREFUSED"],
    ] as const) {
      const client = connectFrom(namespace, destination, 8080, source);
      client.resume();
      assert.equal((await failure(client)).code, code, source);
      udpClient(t, namespace, source).send("hello", 5353, destination);
    }
    // What came before it would have been served by now.
    const client = udpClient(t, host, "::1");
    client.send("hello", 5353, "::1");
    assert.equal(await nextMessage(client), "hello");
    assert.equal(served, 1);
  });

  test("releasing a port resets its connections and frees it for the next endpoint at once", async (t) => {
    const { host, container, allocator } = await stage(t, [
      tcp(80, { hostPort: 8080 }),
      udp(53, { hostPort: 5353 }),
    ]);
    tcpServer(t, container, 4, (connection) => {
      connection.on("error", () => {});
      connection.write("first");
    });
    tcpServer(t, container, 6, (connection) => connection.end("second"));
    udpServer(t, container, 4, (server, _, port, address) => server.send("first", port, address));
    udpServer(t, container, 6, (server, _, port, address) => server.send("second", port, address));
    const before = connectFrom(host, "::1", 8080);
    await once(before, "data");
    const asker = udpClient(t, host, "::1");
    asker.send("?", 5353, "::1");
    assert.equal(await nextMessage(asker), "first");

    allocator.release("e1");
    const { ipv6 } = container;
    allocator.reserve("e2", { ipv6 }, [tcp(80, { hostPort: 8080 }), udp(53, { hostPort: 5353 })]);
    assert.equal((await failure(before)).code, "ECONNRESET");
    const after = connectFrom(host, "::1", 8080);
    assert.equal(Buffer.concat(await after.toArray()).toString(), "second");
    after.end();
    asker.send("?", 5353, "::1");
    assert.equal(await nextMessage(asker), "second");
  });

  test("connections beyond the limit are reset, and there is room again when others end", async (t) => {
    const { host, container } = await stage(t, [tcp(80, { hostPort: 8080 })], 4, { connections: 2 });
    tcpServer(t, container, 4, (connection) => {
      connection.pipe(connection);
      connection.write("hello");
    });
    const clients = [0, 1].map(() => connectFrom(host, "::1", 8080));
    await Promise.all(clients.map((client) => once(client, "data")));
    const third = connectFrom(host, "::1", 8080);
    third.resume();
    assert.equal((await failure(third)).code, "ECONNRESET");
    for (const client of clients) client.end();
    await Promise.all(clients.map((client) => once(client, "close")));
    // The relay hears of it a little later, and resets those who come too early.
    await eventually(async () => {
      const another = connectFrom(host, "::1", 8080);
      await once(another, "data");
      another.end();
      await once(another, "close");
    });
  });

  test("idle UDP clients are let go", async (t) => {
    const limits = { udpSessions: { idleTime: 200, most: 3 } };
    const { host, container } = await stage(t, [udp(53, { hostPort: 5353 })], 4, limits);
    udpServer(t, container, 4, (server, data, port, address) => server.send(data, port, address));
    const client = udpClient(t, host, "::1");
    const idle = openSockets();
    client.send("?", 5353, "::1");
    assert.equal(await nextMessage(client), "?");
    await eventually(() => assert.equal(openSockets(), idle, "idle sessions are open"));
  });

  test("the UDP client that is idle longest makes room", async (t) => {
    const limits = { udpSessions: { idleTime: 10 * patience, most: 3 } };
    const { host, container } = await stage(t, [udp(53, { hostPort: 5353 })], 4, limits);
    const sources: number[] = [];
    udpServer(t, container, 4, (server, data, port, address) => {
      sources.push(port);
      server.send(data, port, address);
    });
    const clients = Array.from({ length: 6 }, () => udpClient(t, host, "::1"));
    const ask = async (client: DatagramSocket | undefined) => {
      client?.send("?", 5353, "::1");
      assert.equal(client && (await nextMessage(client)), "?");
    };
    const idle = openSockets();
    const [first, ...others] = clients;
    for (const client of others) {
      await ask(first);
      await ask(client);
    }
    assert.equal(openSockets(), idle + 3);
    // The first one was never idle, so that it kept its socket: six clients, six source ports.
    assert.equal(new Set(sources).size, 6);
  });

  test("a thousand connections leave no descriptor behind", async (t) => {
    const { host, container } = await stage(t, [tcp(80, { hostPort: 8080 })]);
    tcpServer(t, container, 4, (connection) => connection.pipe(connection));
    const before = openSockets();
    for (let round = 0; round < 20; round++) {
      const clients = Array.from({ length: 50 }, () => connectFrom(host, "::1", 8080));
      await Promise.all(
        clients.map(async (client, at) => {
          client.on("error", () => {});
          client.write("hello");
          await once(client, "data");
          if (at % 2 === 0) client.end();
          else client.resetAndDestroy();
          await once(client, "close");
        }),
      );
    }
    await eventually(() => assert.equal(openSockets(), before, "descriptors are open"));
  });

  test("at full speed the relay carries at most 64 KB in a turn of the event loop", async (t) => {
    const { host, container } = await stage(t, [tcp(80, { hostPort: 8080 })]);
    tcpServer(t, container, 4, (connection) => {
      connection.resume();
      connection.once("end", () => connection.end());
    });
    const turns = () => performance.nodeTiming.uvMetricsInfo.loopCount;
    const client = connectFrom(host, "::1", 8080);
    client.resume();
    await once(client, "connect");
    const before = turns();
    const total = 40_000_000;
    client.end(Buffer.alloc(total));
    await once(client, "end");
    assert.ok(turns() - before >= total / 65_536, `${turns() - before} turns`);
  });
});

function sha256(data: Uint8Array): Buffer {
  return createHash("sha256").update(data).digest();
}

/** Port 80 of the container. */
function tcpServer(
  t: TestContext,
  container: Container,
  family: 4 | 6,
  serve: (connection: Socket) => void,
): Server {
  const ip = family === 4 ? container.ipv4 : container.ipv6;
  const address = new InetSockaddr(ipToBytes(ip), ip);
  const fd = container.namespace.run(() => listenTcp(address, 80, { backlog: 128 })).release();
  const connections = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    connections.add(connection);
    connection.on("error", () => {});
    serve(connection);
  }).listen({ fd });
  t.after(() => {
    server.close();
    for (const connection of connections) connection.destroy();
  });
  return server;
}

/** Port 53 of the container. */
function udpServer(
  t: TestContext,
  container: Container,
  family: 4 | 6,
  answer: (server: DatagramSocket, data: Buffer, port: number, address: string) => void,
): void {
  const ip = family === 4 ? container.ipv4 : container.ipv6;
  const server = udpSocket(t, container.namespace, ip, 53);
  server.on("message", (data, { port, address }) => answer(server, data, port, address));
}

function udpClient(t: TestContext, namespace: NetNamespace, source: string): DatagramSocket {
  return udpSocket(t, namespace, source, 0);
}

function udpSocket(t: TestContext, namespace: NetNamespace, ip: string, port: number): DatagramSocket {
  const opened = openUdp(namespace, ip, port);
  t.after(() => opened.close());
  return opened;
}

async function nextMessage(client: DatagramSocket): Promise<string> {
  const [message] = await once(client, "message", { signal: AbortSignal.timeout(patience) });
  return String(message);
}

async function failure(client: Socket): Promise<NodeJS.ErrnoException> {
  const [error] = await once(client, "error", { signal: AbortSignal.timeout(patience) });
  return error;
}

function openSockets(): number {
  return leftovers().filter((line) => line === "open socket").length;
}
