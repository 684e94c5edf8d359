// The host's name servers: which of them are asked, from where, and how.

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { renameSync, writeFileSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { address, bindUdp, InetSockaddr, link } from "@causeway/kernel";
import type { Sandbox } from "@causeway/libnetwork";
import { encode } from "dns-packet";
import { attached, look } from "../support/dns-asker.ts";
import { dnsHost } from "../support/dns-scene.ts";
import { DnsServer, type Question, type Reaction } from "../support/dns-server.ts";
import { eventually } from "../support/eventually.ts";
import { namespaceOf } from "../support/host.ts";

/** Says this address of everything. */
const says =
  (data: string) =>
  ({ name }: Question): Reaction => [{ type: "A", name, ttl: 300, data }];

async function scene(t: TestContext, resolvConf: string | undefined) {
  const { host, writeResolvConf } = await dnsHost(t, resolvConf);
  const asker = await attached(host.controller, "asker", "n");
  const start = (at: string, react: (question: Question) => Reaction) =>
    DnsServer.start(host.namespace, react, { address: at });
  return { host, asker, start, writeResolvConf };
}

describe("the host's name servers", () => {
  test("are asked from the host, its loopback too: systemd-resolved's stub as it is", async (t) => {
    const { asker, start } = await scene(t, "nameserver 127.0.0.53\noptions edns0 trust-ad\n");
    await using stub = await start("127.0.0.53", says("192.0.2.53"));
    assert.equal(await look(asker, "www.example.org"), "192.0.2.53");
    assert.equal(await look(asker, "www.example.com", { protocol: "tcp" }), "192.0.2.53");
    assert.deepEqual(
      stub.asked.map(({ protocol }) => protocol),
      ["udp", "tcp"],
    );
  });

  test("are others as soon as the file is another, and what the old ones said is forgotten", async (t) => {
    const { host, asker, start, writeResolvConf } = await scene(t, "nameserver 127.0.0.2\n");
    await using _one = await start("127.0.0.2", says("192.0.2.1"));
    await using _other = await start("127.0.0.3", says("192.0.2.2"));
    const finds = (found: string) =>
      eventually(async () => assert.equal(await look(asker, "www.example.org"), found));
    await finds("192.0.2.1");
    writeResolvConf("nameserver 127.0.0.3\n");
    await finds("192.0.2.2");
    // Another file in its place, as DHCP clients make it.
    const { hostResolvConf = "" } = host.options;
    writeFileSync(`${hostResolvConf}.new`, "nameserver 127.0.0.2\n");
    renameSync(`${hostResolvConf}.new`, hostResolvConf);
    await finds("192.0.2.1");
    writeResolvConf("# nobody\n");
    await using _local = await start("127.0.0.1", says("192.0.2.3"));
    await finds("192.0.2.3");
  });

  test("are the host itself where none is named, as resolv.conf(5) has it", async (t) => {
    const { asker, start } = await scene(t, undefined);
    await using _local = await start("127.0.0.1", says("192.0.2.1"));
    assert.equal(await look(asker, "www.example.org"), "192.0.2.1");
  });

  test("are in no subnet that is chosen for a network", async (t) => {
    const { host } = await dnsHost(t, "nameserver 172.17.0.53\n");
    const network = await host.controller.newNetwork("bridge", "n");
    const [pool] = network.record.pools.map(({ pool }) => pool);
    assert.match(pool ?? "", /^172\.18\./);
  });

  test("may be on a link: the zone is an interface of the host", async (t) => {
    const { host, asker, start } = await scene(t, "nameserver fe80::53%none\nnameserver fe80::53%lo\n");
    const { index } = host.rtnl.query(link.get({ name: "lo" }));
    const cidr = { link: index, address: "fe80::53", prefixLength: 64 };
    host.rtnl.execute(address.add(cidr));
    await using server = await start(`fe80::53%${index}`, says("192.0.2.1"));
    assert.equal(await look(asker, "www.example.org"), "192.0.2.1");
    assert.equal(await look(asker, "www.example.com", { protocol: "tcp" }), "192.0.2.1");
    assert.equal(server.asked.length, 2);
    host.rtnl.execute(address.remove(cidr));
  });

  test("are three at most, in their order; one that was silent is asked last from then on", async (t) => {
    const places = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"] as const;
    const { asker, start } = await scene(t, places.map((place) => `nameserver ${place}\n`).join(""));
    const [one, two, three, four] = places;
    await using silent = await start(one, () => undefined);
    await using refusing = await start(two, () => 5);
    await using failing = await start(three, ({ name }) => (name.startsWith("a") ? 2 : 3));
    await using fourth = await start(four, says("192.0.2.4"));
    // The last word of those who had none, and at once: who was silent is not asked again.
    assert.equal(await look(asker, "a.example.org"), "SERVFAIL");
    assert.deepEqual(
      [silent, refusing, failing, fourth].map(({ names }) => names),
      [["a.example.org A"], ["a.example.org A"], ["a.example.org A"], []],
    );
    assert.equal(await look(asker, "b.example.org"), "NXDOMAIN");
    assert.deepEqual([silent.names.length, refusing.names.length, failing.names.length], [1, 2, 2]);
  });

  test("are asked with an OPT record of our own: DO is passed on, cookies and subnets are not", async (t) => {
    const { asker, start } = await scene(t, "nameserver 127.0.0.2\n");
    await using server = await start("127.0.0.2", says("192.0.2.1"));
    await look(asker, "plain.example.org");
    assert.equal(server.lastOpt(), undefined);
    await look(asker, "edns.example.org", { edns: 4096 });
    assert.deepEqual(
      [server.lastOpt()?.udpPayloadSize, server.lastOpt()?.flag_do, server.lastOpt()?.options],
      [1232, false, []],
    );
    // A client cookie (RFC 7873), and DO.
    const cookie = Buffer.of(0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8);
    const change = (bytes: Buffer) => {
      bytes.writeUInt16BE(0x8000, bytes.length - 4);
      bytes.writeUInt16BE(cookie.length, bytes.length - 2);
      return Buffer.concat([bytes, cookie]);
    };
    await look(asker, "signed.example.org", { edns: 1232, change });
    assert.deepEqual([server.lastOpt()?.flag_do, server.lastOpt()?.options], [true, []]);
  });
});

describe("a connection to a server", () => {
  test("is one for all that is asked while it is open, and another where the server has hung up", async (t) => {
    const { host, asker, start } = await scene(t, "nameserver 127.0.0.2\noptions use-vc\n");
    await using server = await start("127.0.0.2", ({ name }) => ({
      // The later it was asked, the sooner it is answered.
      after: Math.max(0, 100 - Number(name.match(/\d+/)?.[0])),
      answer: [{ type: "A", name, ttl: 300, data: `192.0.2.${name.match(/\d+/)?.[0]}` }],
    }));
    const names = Array.from({ length: 100 }, (_, index) => `n${index}.example.org`);
    const found = await Promise.all(names.map((name) => look(asker, name)));
    assert.deepEqual(
      found,
      names.map((_, index) => `192.0.2.${index}`),
    );
    assert.equal(server.asked.length, 100);
    // Two questions that happen to have the same id have one each.
    const { connections } = server;
    assert.ok(connections <= 3, `${connections}`);
    // Other sandboxes have it, too.
    const other = await attached(host.controller, "other", "n");
    assert.equal(await look(other, "n101.example.org"), "192.0.2.101");
    assert.equal(server.connections, connections);
    server.hangUp();
    assert.equal(await look(asker, "n102.example.org"), "192.0.2.102");
    assert.equal(server.connections, connections + 1);
  });

  test("is tried once more for a question that it ended with, where others had it before", async (t) => {
    const { asker, start } = await scene(t, "nameserver 127.0.0.2\noptions use-vc\n");
    let connections = 0;
    await using server = await start("127.0.0.2", ({ name }) => {
      const isOld = server.connections === connections;
      connections = server.connections;
      return isOld || name.startsWith("always")
        ? { hangsUp: true }
        : says("192.0.2.1")({ name, type: "A", protocol: "tcp" });
    });
    // The second question of each connection is its last.
    for (const name of ["a", "b", "c", "d"])
      assert.equal(await look(asker, `${name}.example.org`), "192.0.2.1");
    assert.deepEqual([server.connections, server.asked.length], [4, 7]);
    assert.equal(await look(asker, "always.example.org"), "SERVFAIL");
    assert.equal(await look(asker, "e.example.org"), "192.0.2.1");
  });
});

describe("answers", () => {
  test("are kept for nobody where that is turned off", async (t) => {
    const { host } = await dnsHost(t, "nameserver 127.0.0.2\n", { resolverCacheBytes: 0 });
    const asker = await attached(host.controller, "asker", "n");
    await using server = await DnsServer.start(host.namespace, says("192.0.2.1"), { address: "127.0.0.2" });
    for (let turn = 1; turn <= 3; turn++) {
      assert.equal(await look(asker, "www.example.org"), "192.0.2.1");
      assert.equal(server.asked.length, turn);
    }
  });
});

describe("options of resolv.conf", () => {
  test("have servers asked by TCP, or in turn", async (t) => {
    const { host, start, asker } = await scene(t, "nameserver 127.0.0.2\nnameserver 127.0.0.3\n");
    await using one = await start("127.0.0.2", says("192.0.2.1"));
    await using two = await start("127.0.0.3", says("192.0.2.2"));
    const network = host.controller.networkByName("n");
    assert.ok(network);
    const made = async (option: string) => {
      const sandbox = await host.controller.newSandbox(option, { dnsOptions: [option] });
      await network.connect(sandbox, option);
      return sandbox;
    };
    const turning = await made("rotate");
    const found: string[] = [];
    for (const name of ["a", "b", "c", "d"]) found.push(await look(turning, `${name}.example.org`));
    assert.deepEqual(found, ["192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2"]);
    const byTcp = await made("use-vc");
    assert.equal(await look(byTcp, "e.example.org"), "192.0.2.1");
    assert.equal(one.asked.at(-1)?.protocol, "tcp");
    // Others are what they were.
    assert.equal(await look(asker, "f.example.org"), "192.0.2.1");
    assert.equal(one.asked.at(-1)?.protocol, "udp");
    assert.equal(two.asked.length, 2);
  });

  test("are the host's for a sandbox that has none of its own", async (t) => {
    const { start, asker } = await scene(t, "nameserver 127.0.0.2\noptions use-vc\n");
    await using server = await start("127.0.0.2", says("192.0.2.1"));
    assert.equal(await look(asker, "www.example.org"), "192.0.2.1");
    assert.equal(server.asked.at(-1)?.protocol, "tcp");
  });
});

/** A program that asks for many names, n0.example.org and so on, and waits for none of them. */
async function asking(sandbox: Sandbox) {
  using namespace = namespaceOf(sandbox);
  const fd = namespace.run(() => bindUdp(new InetSockaddr(new Uint8Array(4), "0.0.0.0"), 0)).release();
  const socket = createSocket("udp4");
  const listening = once(socket, "listening");
  socket.bind({ fd });
  await listening;
  const rcodes: number[] = [];
  socket.on("message", (bytes: Buffer) => rcodes.push(bytes.readUInt8(3) & 15));
  let id = 0;
  const send = (count: number) => {
    for (const end = id + count; id < end; id++) {
      const questions = [{ type: "A", name: `n${id}.example.org` } as const];
      socket.send(encode({ type: "query", id, flags: 0x100, questions }), 53, "127.0.0.11");
    }
  };
  return {
    send,
    count: (rcode: number) => rcodes.filter((one) => one === rcode).length,
    [Symbol.dispose]: () => socket.close(),
  };
}

describe("questions that wait for others", () => {
  test("are 1,024 of a sandbox; more are REFUSED, and nobody else's", async (t) => {
    const { host, start, asker } = await scene(t, "nameserver 127.0.0.2\n");
    const bystander = await attached(host.controller, "bystander", "n");
    const silent = ({ name }: Question) =>
      /^n\d/.test(name) ? undefined : says("192.0.2.1")({ name, type: "A", protocol: "udp" });
    await using server = await start("127.0.0.2", silent);
    using program = await asking(asker);
    // So many at a time as sockets have room for.
    for (let sent = 128; sent <= 1024; sent += 128) {
      program.send(128);
      await eventually(() => assert.ok(server.asked.length >= sent));
    }
    program.send(76);
    await eventually(() => assert.equal(program.count(5), 76));
    assert.equal(await look(asker, "www.example.org"), "REFUSED");
    assert.match(await look(asker, "bystander"), /^\d/);
    assert.equal(await look(bystander, "www.example.org"), "192.0.2.1");
    // Those who wait are told in the end, and there is room again.
    await eventually(() => assert.ok(program.count(2) > 0));
    await eventually(async () => assert.equal(await look(asker, "again.example.org"), "192.0.2.1"));
  });
});
