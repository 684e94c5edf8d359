// Who is asked for what nobody here knows: Debian's unbound and dnsmasq, and before them a name server that does all that can go wrong.

import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Sandbox } from "@causeway/libnetwork";
import type { Answer } from "dns-packet";
import { attached, look } from "../support/dns-asker.ts";
import { dig, linesOf, runIn } from "../support/dns-clients.ts";
import { DnsProgram, known } from "../support/dns-programs.ts";
import { dnsHost } from "../support/dns-scene.ts";
import { DnsServer, type Misdeed, type Question, type Reaction } from "../support/dns-server.ts";
import { namespaceOf } from "../support/host.ts";
import { needsPeer } from "../support/peers.ts";

const name = "www.example.org";
const good: readonly Answer[] = [{ type: "A", name, ttl: 300, data: known.ipv4 }];

interface Fault {
  readonly what: string;
  readonly react: (question: Question) => Reaction;
  /** The next is asked. Default: true; `perhaps` where that depends on how busy the machine is. */
  readonly fails?: boolean | "perhaps";
  readonly args?: readonly string[];
}

const misdeed = (deed: Misdeed) => (): Reaction => ({ answer: good, ...deed });
const changed = (change: (bytes: Buffer) => void) =>
  misdeed({
    change: (bytes) => {
      change(bytes);
      return bytes;
    },
  });

const faults: readonly Fault[] = [
  { what: "is silent", react: () => undefined },
  { what: "says SERVFAIL", react: () => 2 },
  { what: "says REFUSED", react: () => 5 },
  {
    what: "answers to another id",
    react: changed((bytes) => bytes.writeUInt16BE(bytes.readUInt16BE(0) ^ 1)),
  },
  { what: "answers another question", react: changed((bytes) => bytes.write("xyz", 13)) },
  { what: "answers from another port", react: misdeed({ fromElsewhere: true }) },
  {
    what: "answers with garbage",
    react: misdeed({ change: (bytes) => Buffer.alloc(bytes.length, 0xa5) }),
  },
  { what: "answers with half of it", react: misdeed({ change: (bytes) => bytes.subarray(0, -2) }) },
  { what: "answers with nothing at all", react: misdeed({ change: () => Buffer.alloc(0) }) },
  {
    what: "forgets the case of names",
    react: misdeed({
      change: (bytes) =>
        Buffer.from(
          bytes.toString("latin1").replace(/www.example.org/i, (text) => text.toLowerCase()),
          "latin1",
        ),
    }),
  },
  { what: "takes a second", react: misdeed({ after: 1000 }), fails: "perhaps" },
  { what: "truncates", react: misdeed({ truncated: true }), fails: false },
  { what: "hangs up", react: misdeed({ hangsUp: true }), args: ["+tcp"] },
  {
    what: "answers over a connection with garbage",
    react: misdeed({ change: (bytes) => Buffer.alloc(bytes.length, 0xa5) }),
    args: ["+tcp"],
  },
  { what: "is silent over a connection", react: () => undefined, args: ["+tcp"] },
];

const places = ["127.0.0.2", "127.0.0.3", "127.0.0.4"] as const;
const hostConf = places.map((place) => `nameserver ${place}\n`).join("");

/** What the sandbox finds, how long that takes, and that it is the same a second time. */
async function finds(t: TestContext, sandbox: Sandbox, ...args: readonly string[]): Promise<void> {
  for (const time of ["first", "second"]) {
    const began = performance.now();
    const { answers, server, flags } = await dig(sandbox, name, ...args);
    const took = Math.round(performance.now() - began);
    t.diagnostic(`${time}: ${took} ms with dig's own, ${server}, ${flags.join(" ")}`);
    assert.deepEqual(answers, [`${name}. A ${known.ipv4}`]);
  }
}

const peers = needsPeer("dig", "unbound", "dnsmasq");

describe("the first of the host's servers", { skip: peers }, () => {
  for (const { what, react, fails = true, args = [] } of faults) {
    test(what, async (t) => {
      const { host } = await dnsHost(t, hostConf);
      const [first, second, third] = places;
      const asker = await attached(host.controller, "asker", "n");
      await using faulty = await DnsServer.start(host.namespace, react, { address: first });
      await using next = await DnsProgram.unbound(host.namespace, second);
      await using last = await DnsProgram.dnsmasq(host.namespace, third);
      await finds(t, asker, ...args);
      assert.ok(faulty.asked.length > 0);
      if (fails !== "perhaps") assert.equal(next.wasAsked(name), fails);
      assert.equal(last.wasAsked(name), false);
    });
  }

  test("is not there, or leads nowhere", async (t) => {
    const { host } = await dnsHost(
      t,
      `nameserver 198.51.100.1\nnameserver 127.0.0.2\nnameserver 127.0.0.4\n`,
    );
    const asker = await attached(host.controller, "asker", "n");
    await using last = await DnsProgram.dnsmasq(host.namespace, places[2]);
    await finds(t, asker);
    assert.ok(last.wasAsked(name));
  });
});

describe("two of three", { skip: peers }, () => {
  for (const [one, other] of [
    ["says SERVFAIL", "says REFUSED"],
    ["is silent", "answers to another id"],
    ["answers with garbage", "says SERVFAIL"],
    ["says REFUSED", "is silent"],
  ]) {
    test(`one ${one}, the other ${other}`, async (t) => {
      const { host } = await dnsHost(t, hostConf);
      const [first, second, third] = places;
      const asker = await attached(host.controller, "asker", "n");
      const fault = (wanted: string | undefined) =>
        faults.find(({ what }) => what === wanted)?.react ?? (() => undefined);
      await using _first = await DnsServer.start(host.namespace, fault(one), { address: first });
      await using _second = await DnsServer.start(host.namespace, fault(other), { address: second });
      await using last = await DnsProgram.dnsmasq(host.namespace, third);
      const began = performance.now();
      // glibc asks again after 5 s: it need not.
      const found = linesOf(await runIn(asker, ["getent", "ahostsv4", name]));
      t.diagnostic(`getent: ${Math.round(performance.now() - began)} ms`);
      assert.equal(found[0], `${known.ipv4} DGRAM`);
      assert.equal(last.log.match(/query\[A\] www/gi)?.length, 1);
    });
  }
});

describe("a sandbox's own servers", { skip: peers }, () => {
  test("are asked from within it, in their order", async (t) => {
    const { host } = await dnsHost(t, "nameserver 127.0.0.2\n");
    const { controller } = host;
    const address = (sandbox: Sandbox) =>
      sandbox.endpoints()[0]?.record.interface.ipv4?.replace(/\/\d+$/, "") ?? "";
    const [one, two] = [await attached(controller, "one", "n"), await attached(controller, "two", "n")];
    const asker = await controller.newSandbox("asker", { dns: [address(one), address(two)] });
    const network = controller.networkByName("n");
    assert.ok(network);
    await network.connect(asker, "asker");
    using spaces = new DisposableStack();
    const [oneSpace, twoSpace] = [one, two].map((sandbox) => spaces.use(namespaceOf(sandbox)));
    assert.ok(oneSpace);
    assert.ok(twoSpace);
    await using hosts = await DnsServer.start(host.namespace, () => 3, { address: "127.0.0.2" });
    await using second = await DnsProgram.dnsmasq(twoSpace, address(two));
    {
      await using first = await DnsProgram.unbound(oneSpace, address(one));
      assert.equal(await look(asker, name), known.ipv4);
      // Asked by the sandbox's own address.
      assert.ok(first.wasAsked(`info: ${address(asker)} www.example.org. a in`));
      assert.equal(second.wasAsked(name), false);
    }
    // The first is gone: the kernel says so, and the second is asked.
    assert.equal(await look(asker, name, { type: "AAAA" }), known.ipv6);
    assert.ok(second.wasAsked(`from ${address(asker)}`));
    assert.deepEqual(hosts.asked, []);
  });
});

describe("private names", { skip: needsPeer("dig", "unbound", "busybox", "python3") }, () => {
  test("are told to nobody outside, whoever asks and however", async (t) => {
    const { host } = await dnsHost(t, "nameserver 127.0.0.2\nsearch example.org\n");
    const { controller, namespace } = host;
    await using upstream = await DnsProgram.unbound(namespace, "127.0.0.2");
    await controller.newNetwork("bridge", "front", { ipv6: true });
    const asker = await attached(controller, "asker", "front");
    const near = await attached(controller, "nearby", "front");
    await attached(controller, "hidden", "elsewhere");
    const addresses = Object.values(near.endpoints()[0]?.record.interface ?? {}).filter((value) =>
      /\/\d+$/.test(value),
    );
    const types = ["A", "AAAA", "ANY", "TXT", "MX", "SRV", "HTTPS", "TYPE65280", "SOA", "NS"];
    for (const private_ of ["nearby", "nearby.front", "hidden", "hidden.elsewhere", "HIDDEN"])
      await dig(asker, ...types.flatMap((type) => [private_, type, "+nosearch"]));
    for (const address of addresses) await dig(asker, "-x", address.replace(/\/\d+$/, ""));
    for (const args of [
      ["getent", "ahosts", "nearby"],
      ["getent", "hosts", "nearby.front"],
      ["busybox", "ping", "-c1", "-W2", "nearby"],
      ["/usr/bin/python3", "-c", 'import socket; socket.getaddrinfo("nearby", 80)'],
    ]) {
      const { code, errors } = await runIn(asker, args);
      assert.equal(code, 0, errors);
    }
    // And that the log would say so.
    assert.equal((await dig(asker, "elsewise.example.org")).status, "NXDOMAIN");
    assert.ok(upstream.wasAsked("elsewise"));
    for (const word of ["nearby", "hidden", "in-addr.arpa", "ip6.arpa"])
      assert.equal(upstream.wasAsked(word), false, word);
  });
});
