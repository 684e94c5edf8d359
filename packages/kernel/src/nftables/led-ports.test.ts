import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { ask, canConnect, serve } from "../../../../test/support/traffic.ts";
import * as addresses from "../rtnl/address.ts";
import * as link from "../rtnl/link.ts";
import * as route from "../rtnl/route.ts";
import { Rtnl } from "../rtnl/rtnl.ts";
import { isKernelError } from "../sys/errors.ts";
import { acceptTcp, connectTcp } from "../sys/inet-connection.ts";
import { listenTcp } from "../sys/inet-socket.ts";
import type { NetNamespace } from "../sys/namespace.ts";
import { writeSysctl } from "../sys/sysctl.ts";
import { at, newHost, outcome } from "../sys/test-support.ts";
import { receiveStream, sendStream } from "../sys/transfer.ts";
import { NftContext } from "./context.ts";
import {
  areLedPortsSettled,
  changeLedPorts,
  haveLedPorts,
  type LedPort,
  type LedPortsChange,
  removeLedPorts,
  settleLedPorts,
} from "./led-ports.ts";

const place = { table: "ports", owner: "tests", alone: true };
/** Addresses of the one in the middle, towards who asks and towards who answers; the last byte of these is 2. */
const ways = [
  { asker: "10.1.0", answerer: "10.2.0", length: 24, any: "0.0.0.0", dot: "." },
  { asker: "fd01:", answerer: "fd02:", length: 64, any: "::", dot: ":" },
] as const;

function join(middle: NetNamespace, end: NetNamespace, side: "asker" | "answerer"): void {
  using rtnl = new Rtnl(middle);
  using far = new Rtnl(end);
  const peer = { name: "eth0", namespaceFd: end.fd };
  rtnl.execute(link.create({ name: side, info: { kind: "veth", veth: { peer } } }));
  for (const [at, name, last] of [
    [rtnl, side, 1],
    [far, "eth0", 2],
  ] as const) {
    at.execute(link.change({ name }, { up: true }));
    const { index } = at.query(link.get({ name }));
    for (const way of ways) {
      const address = `${way[side]}${way.dot}${last}`;
      at.execute(addresses.add({ link: index, address, prefixLength: way.length }));
      const other = side === "asker" ? "answerer" : "asker";
      const destination = `${way[other]}${way.dot}${way.dot === "." ? "0" : ""}/${way.length}`;
      if (last === 2) at.execute(route.add({ destination, gateway: `${way[side]}${way.dot}1` }));
    }
  }
}

/** Who asks, the namespace whose ports lead on, and who answers. */
function newChain() {
  const [asker, middle, answerer] = [newHost(), newHost(), newHost()];
  middle.run(() => {
    writeSysctl("net/ipv4/ip_forward", 1);
    writeSysctl("net/ipv6/conf/all/forwarding", 1);
  });
  join(middle, asker, "asker");
  join(middle, answerer, "answerer");
  return {
    asker,
    middle,
    answerer,
    settle(ports: readonly LedPort[], alone = true) {
      middle.run(() => settleLedPorts({ ...place, alone }, ports));
    },
    change(change: Partial<LedPortsChange>) {
      middle.run(() => changeLedPorts(place, { add: [], alter: [], remove: [], ...change }));
    },
    isSettled(ports: readonly LedPort[], alone = true) {
      return middle.run(() => areLedPortsSettled({ ...place, alone }, ports));
    },
    nft(commands: string) {
      using nft = new NftContext(middle);
      return nft.run(commands);
    },
    [Symbol.dispose]() {
      for (const one of [asker, middle, answerer]) one[Symbol.dispose]();
    },
  };
}

const door = "10.1.0.1";

function tcp(port: number, ...targets: readonly number[]): LedPort {
  return { protocol: "tcp", port, targets: targets.map((to) => ({ address: "10.2.0.2", port: to })) };
}

/** Of a table that is made anew, they are others. */
function chainHandles(namespace: NetNamespace): readonly unknown[] {
  using nft = new NftContext(namespace);
  const listing = nft.list(`table inet ${place.table}`);
  return listing.flatMap(({ chain }) => (chain === undefined ? [] : [[chain.name, chain.handle]]));
}

describe("ports that lead on", () => {
  checkLeaks();

  it("are led in the namespace's own name, in both families and protocols, and nothing else gets through", async () => {
    using chain = newChain();
    const { asker, answerer } = chain;
    for (const { asker: near, answerer: far, any, dot } of ways)
      for (const protocol of ["tcp", "udp"] as const) {
        const [door, target, own] = [`${near}${dot}1`, `${far}${dot}2`, `${far}${dot}1`];
        await using _server = await serve(answerer, { protocol, address: any, port: 80 });
        const question = { protocol, address: door, port: 8000 };
        chain.settle([]);
        assert.equal(await ask(asker, question), undefined, "before it is led");
        chain.settle([{ protocol, port: 8000, targets: [{ address: target, port: 80 }] }]);
        assert.equal(await ask(asker, question), own);
        assert.ok(!(await canConnect(asker, door, 8001, { protocol })), "another port");
        assert.ok(
          !(await canConnect(asker, target, 80, { protocol })),
          "by the way that is there for led ones",
        );
        chain.settle([], false);
        assert.equal(await ask(asker, { protocol, address: target, port: 80 }), `${near}${dot}2`);
      }
  });

  it("are led to each target, and nowhere once they are taken away, which may be done twice", async () => {
    using chain = newChain();
    const { asker, middle, answerer } = chain;
    const targets = [80, 81].map((port) => ({ address: "10.2.0.2", port }));
    chain.settle([{ protocol: "udp", port: 8000, targets }]);
    await using one = await serve(answerer, { protocol: "udp", port: 80 });
    await using two = await serve(answerer, { protocol: "udp", port: 81 });
    for (let round = 0; one.heard.size === 0 || two.heard.size === 0; round++) {
      assert.ok(round < 200, "one of them was never asked");
      await ask(asker, { protocol: "udp", address: "10.1.0.1", port: 8000, text: "x" });
    }
    assert.ok(middle.run(() => haveLedPorts(place.table)));
    for (let twice = 0; twice < 2; twice++) {
      middle.run(() => removeLedPorts(place.table));
      assert.doesNotMatch(chain.nft("list tables"), /ports/);
      assert.ok(!middle.run(() => haveLedPorts(place.table)));
    }
    assert.ok(!(await canConnect(asker, "10.1.0.1", 8000, { protocol: "udp" })));
  });

  it("come, lead elsewhere and go by themselves: the others are not touched, nor is what goes on through them", async () => {
    using chain = newChain();
    const { asker, middle, answerer } = chain;
    const stays = tcp(8000, 80);
    chain.settle([stays, tcp(8001, 81)]);
    await using _one = await serve(answerer, { port: 81 });
    await using _other = await serve(answerer, { port: 82 });
    using listener = answerer.run(() => listenTcp(at("0.0.0.0"), 80, { backlog: 8 }));
    using client = asker.run(() => connectTcp(at(door), 8000)).socket;
    const accepted = outcome(() => acceptTcp(listener.fd) ?? "again");
    assert.ok(accepted !== "again");
    using server = accepted;
    const goesOn = (text: string) => {
      const into = Buffer.alloc(64);
      sendStream(client.fd, Buffer.from(text));
      assert.equal(
        outcome(() => receiveStream(server.fd, into)),
        text.length,
      );
      assert.equal(into.toString("utf8", 0, text.length), text);
    };
    const before = chainHandles(middle);

    chain.change({ add: [tcp(8002, 82)] });
    assert.ok(await canConnect(asker, door, 8002));
    goesOn("one more");
    assert.deepEqual(
      chainHandles(middle).filter((found) => !JSON.stringify(found).includes("8002")),
      before,
    );

    chain.change({ alter: [tcp(8001, 99)] });
    assert.ok(!(await canConnect(asker, door, 8001)), "to where nobody listens");
    chain.change({ alter: [tcp(8001, 82)] });
    assert.ok(await canConnect(asker, door, 8001));
    goesOn("another one leads elsewhere");

    chain.change({ remove: [tcp(8002, 82)] });
    assert.ok(!(await canConnect(asker, door, 8002)), "it is not led any more");
    assert.ok(await canConnect(asker, door, 8001));
    goesOn("one less");
    assert.deepEqual(chainHandles(middle), before);
    assert.ok(chain.isSettled([tcp(8001, 82), stays]));

    // Several at once.
    chain.change({ add: [tcp(8003, 82), tcp(8004, 81)], alter: [tcp(8000, 82)], remove: [tcp(8001, 82)] });
    for (const port of [8000, 8003, 8004]) assert.ok(await canConnect(asker, door, port), String(port));
    assert.ok(!(await canConnect(asker, door, 8001)));
    goesOn("elsewhere is for new ones");
  });

  const both: LedPort = {
    protocol: "udp",
    port: 53,
    targets: [...tcp(53, 5300, 5301).targets, { address: "fd02::2", port: 5300 }],
  };
  const twoOfThem = [both, tcp(8000, 80, 81, 82)];

  it("are as told until somebody alters them, and read in nft's language as they were meant", () => {
    using chain = newChain();
    assert.ok(!chain.isSettled([]));
    for (const alone of [true, false]) {
      for (const ports of [[], twoOfThem]) {
        chain.settle(ports, alone);
        assert.ok(chain.isSettled(ports, alone));
      }
      assert.ok(!chain.isSettled(twoOfThem, !alone));
      assert.ok(!chain.isSettled([both], alone));
      assert.ok(!chain.isSettled([both, tcp(8000, 80, 82, 81)], alone));
    }
    chain.settle(twoOfThem);
    const text = chain.nft(`list table inet ${place.table}`);
    for (const line of [
      "meta l4proto udp dnat ip to numgen random mod 2 map { 0 : 10.2.0.2 . 5300, 1 : 10.2.0.2 . 5301 }",
      "meta l4proto udp dnat ip6 to numgen random mod 1 map { 0 : fd02::2 . 5300 }",
      "fib daddr type local meta l4proto . th dport vmap @ports",
      "ct status dnat masquerade",
      "ct status dnat accept",
      "ct state related accept",
    ])
      assert.ok(text.includes(`\t${line}\n`), `${line} in:\n${text}`);
    // Somebody keeps it, and brings it back.
    chain.nft(`delete table inet ${place.table}\n${text}`);
    assert.ok(chain.isSettled(twoOfThem));
    const table = `inet ${place.table}`;
    for (const alteration of [
      `delete table ${table}`,
      `table ${table} { flags dormant; }`,
      `chain ${table} forward { policy accept; }`,
      `add chain ${table} another`,
      `add rule ${table} output accept`,
      `insert rule ${table} tcp_8000 accept`,
      `flush chain ${table} postrouting`,
      `flush chain ${table} postrouting\nadd rule ${table} postrouting ct status dnat masquerade random`,
      `flush chain ${table} tcp_8000`,
      `delete element ${table} ports { tcp . 8000 }`,
      `add element ${table} ports { tcp . 8001 : goto tcp_8000 }`,
      `delete element ${table} ports { udp . 53 }\ndelete chain ${table} udp_53`,
      `flush chain ${table} tcp_8000\nadd rule ${table} tcp_8000 meta l4proto tcp dnat ip to numgen random mod 3 map { 0 : 10.2.0.2 . 80, 1 : 10.2.0.2 . 81, 2 : 10.2.0.2 . 83 }`,
    ]) {
      chain.settle(twoOfThem);
      chain.nft(alteration);
      assert.ok(!chain.isSettled(twoOfThem), alteration);
    }
  });

  it("are changed whole or not at all, and it is said where they are not as they were left", () => {
    using chain = newChain();
    const table = `inet ${place.table}`;
    const taken = `delete element ${table} ports { tcp . 8000 }\ndelete chain ${table} tcp_8000`;
    const refusedWith = (change: Partial<LedPortsChange>, code: string) =>
      assert.throws(
        () => chain.change({ add: [tcp(8005, 80)], ...change }),
        (error) => isKernelError(error, code),
      );
    refusedWith({}, "ENOENT");
    // So many refusals find no room in a socket's buffer.
    const many = Array.from({ length: 2000 }, (_, at) => tcp(9000 + at, 80, 81));
    refusedWith({ add: [], alter: many }, "ENOENT");
    chain.settle(twoOfThem);
    refusedWith({ add: twoOfThem }, "EEXIST");
    refusedWith({ alter: [tcp(8009, 80)] }, "ENOENT");
    refusedWith({ remove: [tcp(8009, 80)] }, "ENOENT");
    assert.ok(chain.isSettled(twoOfThem));
    chain.nft(taken);
    refusedWith({ alter: [tcp(8000, 80)] }, "ENOENT");
    refusedWith({ remove: [tcp(8000, 80)] }, "ENOENT");
    assert.ok(chain.isSettled([both]));
    chain.nft(`add element ${table} ports { tcp . 8006 : goto udp_53 }`);
    refusedWith({ remove: [both] }, "EBUSY");
    const others = (map: string) => `table ${table} { chain tcp_8000 { }; map ports { ${map}; }; }`;
    for (const [map, code] of [
      ["type inet_service : verdict", "EINVAL"],
      [
        "type inet_proto . inet_service : verdict; size 1; elements = { tcp . 8000 : goto tcp_8000 }",
        "ENFILE",
      ],
    ] as const) {
      chain.nft(`delete table ${table}\n${others(map)}`);
      refusedWith({}, code);
    }
  });
});
