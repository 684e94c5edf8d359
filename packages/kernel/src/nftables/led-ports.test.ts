import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { ask, canConnect, serve } from "../../../../test/support/traffic.ts";
import * as addresses from "../rtnl/address.ts";
import * as link from "../rtnl/link.ts";
import * as route from "../rtnl/route.ts";
import { Rtnl } from "../rtnl/rtnl.ts";
import type { NetNamespace } from "../sys/namespace.ts";
import { writeSysctl } from "../sys/sysctl.ts";
import { newHost } from "../sys/test-support.ts";
import { NftContext } from "./context.ts";
import { type LedPort, removeLedPorts, settleLedPorts } from "./led-ports.ts";

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
      using nft = new NftContext(middle);
      settleLedPorts(nft, { ...place, alone }, ports);
    },
    [Symbol.dispose]() {
      for (const one of [asker, middle, answerer]) one[Symbol.dispose]();
    },
  };
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
    for (let twice = 0; twice < 2; twice++) {
      using nft = new NftContext(middle);
      removeLedPorts(nft, place.table);
      assert.doesNotMatch(nft.run("list tables"), /ports/);
    }
    assert.ok(!(await canConnect(asker, "10.1.0.1", 8000, { protocol: "udp" })));
  });
});
