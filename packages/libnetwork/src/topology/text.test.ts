import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import type { LiveInterface } from "../contracts/netstack.ts";
import { topologyText } from "./text.ts";
import type { Topology, TopologyEndpoint, TopologyNetwork, TopologySandbox } from "./topology.ts";

function live(index: number, name: string, more: Partial<LiveInterface> = {}): LiveInterface {
  const defaults = {
    kind: "veth",
    up: true,
    mac: "02:00:00:00:00:01",
    mtu: 1500,
    addresses: [],
    gateways: [],
  };
  return { index, name, ...defaults, master: undefined, parent: undefined, owner: undefined, ...more };
}

test("lets no name of an interface move the cursor", () => {
  const interfaces = [live(2, "\u001b[2J\u009bX\u202e")];
  const drawn = topologyText({
    host: [],
    networks: [],
    endpoints: [],
    sandboxes: [sandbox("web", { interfaces })],
  });
  assert.doesNotMatch(drawn.replaceAll("\n", ""), /\p{Cc}/u);
  assert.match(drawn, /\ufffd\[2J\ufffdX\ufffd/);
});

function network(
  name: string,
  bridge: number | undefined,
  more: Partial<TopologyNetwork> = {},
): TopologyNetwork {
  return { id: name, name, type: "bridge", internal: false, subnets: [], bridge, ...more };
}

function sandbox(containerId: string, more: Partial<TopologySandbox> = {}): TopologySandbox {
  const key = `/run/causeway/netns/${containerId}`;
  return {
    id: containerId,
    containerId,
    key,
    lost: false,
    usesHostNetwork: false,
    sharedWith: undefined,
    interfaces: [],
    ...more,
  };
}

/** An endpoint whose interface in the sandbox, and whose end on the host, have these indexes. */
function endpoint(
  networkId: string,
  sandboxId: string,
  inside: number | undefined,
  hostEnd: number | undefined,
  more: Partial<TopologyEndpoint> = {},
): TopologyEndpoint {
  const name = `${sandboxId}-${networkId}`;
  return {
    id: name,
    name,
    networkId,
    sandboxId,
    interface: inside,
    hostInterface: hostEnd,
    bindings: [],
    ...more,
  };
}

const published = (hostAddress: string, hostPort: number, containerPort: number) => {
  const containerAddress = hostAddress.includes(":") ? "fd00:30::2" : "172.30.0.2";
  return { protocol: "tcp", hostAddress, hostPort, containerPort, containerAddress } as const;
};

const linkLocal = "fe80::42:acff:fe1e:2/64";

/** Figure 2 of the article, with a second network. */
const figure2: Topology = {
  host: [
    live(2, "eth0", {
      kind: undefined,
      addresses: ["198.51.100.2/24", "2001:db8:51::2/64", linkLocal],
      gateways: ["198.51.100.1", "2001:db8:51::1"],
    }),
    live(3, "br-e7f9086b2b3f", { kind: "bridge", addresses: ["172.30.0.1/24", "fd00:30::1/64", linkLocal] }),
    live(4, "br-37623a9d2427", { kind: "bridge", addresses: ["172.31.0.1/24", "fd00:31::1/64"] }),
    live(5, "veth23f3e4ff866", { master: 3 }),
    live(6, "vethf7eef0644ea", { master: 3 }),
    live(7, "veth2f749049a21", { master: 4 }),
    live(8, "vethd54e4930858", { master: 4 }),
  ],
  networks: [
    network("host", undefined, { type: "host" }),
    network("network1", 3, { subnets: ["172.30.0.0/24", "fd00:30::/64"] }),
    network("network2", 4, { subnets: ["172.31.0.0/24", "fd00:31::/64"] }),
  ],
  sandboxes: [
    sandbox("web", {
      interfaces: [
        live(2, "eth0", {
          addresses: ["172.30.0.2/24", "fd00:30::2/64", linkLocal],
          gateways: ["172.30.0.1", "fd00:30::1"],
        }),
      ],
    }),
    sandbox("app", {
      interfaces: [
        live(2, "eth0", {
          addresses: ["172.30.0.3/24", "fd00:30::3/64"],
          gateways: ["172.30.0.1", "fd00:30::1"],
        }),
        live(3, "eth1", { addresses: ["172.31.0.2/24", "fd00:31::2/64"] }),
      ],
    }),
    sandbox("db", {
      interfaces: [
        live(2, "eth0", { addresses: ["172.31.0.3/24", "fd00:31::3/64"], gateways: ["172.31.0.1"] }),
      ],
    }),
  ],
  endpoints: [
    endpoint("network1", "web", 2, 5, {
      bindings: [published("0.0.0.0", 8080, 80), published("::", 8080, 80)],
    }),
    endpoint("network1", "app", 2, 6),
    endpoint("network2", "app", 3, 7),
    endpoint("network2", "db", 2, 8),
  ],
};

/** What is off the beaten track. */
const oddities: Topology = {
  host: [
    live(2, "enp1s0", { kind: undefined, addresses: ["192.0.2.1/24"], gateways: ["192.0.2.254"] }),
    live(3, "wlan0", { kind: undefined, addresses: ["192.0.2.129/25"], up: false }),
    live(4, "docker0", { kind: "bridge", addresses: [linkLocal] }),
    live(5, "mine", { kind: "bridge", addresses: ["10.0.0.1/8"], up: false }),
    live(6, "br-1", { kind: "bridge" }),
    live(7, "veth1", { master: 6 }),
  ],
  networks: [
    network("unused", 5),
    network("lost", undefined, { subnets: ["10.1.0.0/16"] }),
    network("inner", 6, { internal: true, subnets: ["10.2.0.0/16"] }),
    network("macs", undefined, { type: "macvlan", subnets: ["192.0.2.0/24"] }),
    network("none", undefined, { type: "null" }),
  ],
  sandboxes: [
    sandbox("pod", {
      interfaces: [
        live(2, "eth0", { addresses: ["10.2.0.2/16"], up: false }),
        live(3, "uplink", { kind: "macvlan", addresses: ["192.0.2.9/24"] }),
        live(4, "tun0", { kind: "tun", addresses: ["10.9.0.1/32"] }),
      ],
    }),
    sandbox("sidecar", { sharedWith: "pod" }),
    sandbox("agent", { usesHostNetwork: true }),
    sandbox("empty"),
    sandbox("waiting", { key: undefined }),
    sandbox("robbed"),
  ],
  endpoints: [
    endpoint("inner", "pod", 2, 7, {
      bindings: Array.from({ length: 10 }, (_, at) => published("192.0.2.1", 8000 + at, 80 + at)),
    }),
    endpoint("macs", "pod", 3, undefined, {
      bindings: [published("0.0.0.0", 53, 53), published("2001:db8::1", 5353, 53)],
    }),
    endpoint("inner", "waiting", undefined, undefined),
    endpoint("inner", "robbed", undefined, undefined),
    endpoint("inner", "nobody", undefined, undefined, { sandboxId: undefined }),
  ],
};

test("host, bridges, pairs, sandboxes, addresses, ways out and published ports", () => {
  assert.equal(
    `\n${topologyText(figure2)}\n`,
    `
┌─ host ───────────────────────────────────────────────────────────────────────────────────────────┐
│ eth0  198.51.100.2/24  2001:db8:51::2/64  via 198.51.100.1, 2001:db8:51::1                       │
│                                                                                                  │
│ ╔═ network1 ═ br-e7f9086b2b3f ═ 172.30.0.1/24 ═ fd00:30::1/64                                    │
│ ║                           ┌─ web ────────────────────────────────────────────────────────────┐ │
│ ╟──── veth23f3e4ff866 ──────┤ eth0  172.30.0.2/24  fd00:30::2/64  via 172.30.0.1, fd00:30::1   │ │
│ ║                           │       published *:8080 → 80/tcp                                  │ │
│ ║                           └──────────────────────────────────────────────────────────────────┘ │
│ ║                                                                                                │
│ ║   ╔═ network2 ═ br-37623a9d2427 ═ 172.31.0.1/24 ═ fd00:31::1/64                                │
│ ║   ║                       ┌─ app ────────────────────────────────────────────────────────────┐ │
│ ╟───╫──── vethf7eef0644ea ──┤ eth0  172.30.0.3/24  fd00:30::3/64  via 172.30.0.1, fd00:30::1   │ │
│ ╨   ╟──── veth2f749049a21 ──┤ eth1  172.31.0.2/24  fd00:31::2/64                               │ │
│     ║                       └──────────────────────────────────────────────────────────────────┘ │
│     ║                       ┌─ db ─────────────────────────────────────────────────────────────┐ │
│     ╟──── vethd54e4930858 ──┤ eth0  172.31.0.3/24  fd00:31::3/64  via 172.31.0.1               │ │
│     ╨                       └──────────────────────────────────────────────────────────────────┘ │
└──────────────────────────────────────────────────────────────────────────────────────────────────┘
`,
  );
});

test("what is unused, down, gone, waiting, shared, of another driver, or somebody else's", () => {
  assert.equal(
    `\n${topologyText(oddities)}\n`,
    `
┌─ host ───────────────────────────────────────────────────────────────────────────────────────────┐
│ enp1s0  192.0.2.1/24  via 192.0.2.254                                                            │
│ wlan0   192.0.2.129/25  down                                                                     │
│ used as it is by agent                                                                           │
│                                                                                                  │
│ ══ unused ═ mine ═ 10.0.0.1/8 ═ down                                                             │
│                                                                                                  │
│ ══ lost ═ 10.1.0.0/16 ═ the kernel shows no bridge                                               │
│                                                                                                  │
│ ╔═ inner ═ internal ═ br-1 ═ 10.2.0.0/16                                                         │
│ ║                                                                                                │
│ ║   ╔═ macs ═ macvlan ═ 192.0.2.0/24                                                             │
│ ║   ║                       ┌─ pod + sidecar ──────────────────────────────────────────────────┐ │
│ ╟───╫──── veth1 ────────────┤ eth0    10.2.0.2/16  down                                        │ │
│ ╨   ║                       │         published 192.0.2.1:8000 → 80/tcp                        │ │
│     ║                       │         published 192.0.2.1:8001 → 81/tcp                        │ │
│     ║                       │         published 192.0.2.1:8002 → 82/tcp                        │ │
│     ║                       │         published 192.0.2.1:8003 → 83/tcp                        │ │
│     ║                       │         published 192.0.2.1:8004 → 84/tcp                        │ │
│     ║                       │         published 192.0.2.1:8005 → 85/tcp                        │ │
│     ║                       │         published 192.0.2.1:8006 → 86/tcp                        │ │
│     ║                       │         published 192.0.2.1:8007 → 87/tcp                        │ │
│     ║                       │         and 2 more published ports                               │ │
│     ╟───────────────────────┤ uplink  192.0.2.9/24                                             │ │
│     ╨                       │         published *:53 [2001:db8::1]:5353 → 53/tcp               │ │
│                             │ tun0    10.9.0.1/32                                              │ │
│                             └──────────────────────────────────────────────────────────────────┘ │
│                             ┌─ empty ──────────────────────────────────────────────────────────┐ │
│                             │ no interface                                                     │ │
│                             └──────────────────────────────────────────────────────────────────┘ │
│                             ┌─ waiting ────────────────────────────────────────────────────────┐ │
│                             │ waiting-inner: waits for a namespace                             │ │
│                             └──────────────────────────────────────────────────────────────────┘ │
│                             ┌─ robbed ─────────────────────────────────────────────────────────┐ │
│                             │ robbed-inner: the kernel shows no interface                      │ │
│                             └──────────────────────────────────────────────────────────────────┘ │
└──────────────────────────────────────────────────────────────────────────────────────────────────┘
`,
  );
});

test("nothing but a host", () => {
  const text = topologyText({ host: [], networks: [], sandboxes: [], endpoints: [] }, { width: 72 });
  assert.equal(text, `┌─ host ${"─".repeat(63)}┐\n└${"─".repeat(70)}┘`);
});

test("colours only where they are asked for, and nothing else differs", () => {
  const coloured = topologyText(oddities, { colour: true });
  assert.notEqual(coloured, topologyText(oddities));
  assert.equal(stripVTControlCharacters(coloured), topologyText(oddities));
  assert.equal(stripVTControlCharacters(topologyText(oddities)), topologyText(oddities));
});

test("a sandbox in many networks: lines side by side, every name there, wider where it must be", () => {
  const count = 12;
  const numbers = Array.from({ length: count }, (_, at) => at);
  const many: Topology = {
    host: numbers.flatMap((at) => [
      live(10 + at, `br-${at}`, { kind: "bridge" }),
      live(30 + at, `veth0123456789${at}`),
    ]),
    networks: numbers.map((at) => network(`net${at}`, 10 + at)),
    sandboxes: [sandbox("hub", { interfaces: numbers.map((at) => live(2 + at, `eth${at}`)) })],
    endpoints: numbers.map((at) => endpoint(`net${at}`, "hub", 2 + at, 30 + at)),
  };
  const rows = topologyText(many).split("\n");
  for (const at of numbers) {
    assert.equal(rows.filter((row) => row.includes(`═ net${at} ═ br-${at} `)).length, 1);
    assert.equal(rows.filter((row) => row.includes(`╟`) && row.includes(`veth0123456789${at} ─`)).length, 1);
  }
  assert.deepEqual(new Set(rows.map((row) => row.length)), new Set([count * 4 + 20 + 44 + 4]));
});

test("any names and any wiring: rows of one width, at most 100 columns while lines find room, every wire drawn once", () => {
  const names = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 128 });
  const wiring = fc.array(fc.tuple(fc.nat(7), fc.nat(9)), { maxLength: 30 });
  fc.assert(
    fc.property(fc.array(names, { minLength: 18, maxLength: 18 }), wiring, (texts, pairs) => {
      const wires = pairs.map(([net, box], at) => endpoint(`${net}`, `${box}`, 100 + at, 200 + at));
      const topology: Topology = {
        host: [
          ...texts.slice(0, 8).map((_, at) => live(1 + at, `br-${at}`, { addresses: [`10.${at}.0.1/16`] })),
          ...wires.map(({ hostInterface = 0 }) => live(hostInterface, `veth${hostInterface}`)),
        ],
        networks: texts.slice(0, 8).map((text, at) => network(text, 1 + at, { id: `${at}` })),
        sandboxes: texts.slice(8).map((text, at) => {
          const own = wires.filter(({ sandboxId }) => sandboxId === `${at}`);
          const interfaces = own.map(({ interface: index = 0 }) => live(index, `eth${index}`));
          return sandbox(text, { id: `${at}`, interfaces });
        }),
        endpoints: wires,
      };
      const text = topologyText(topology);
      assert.deepEqual(new Set(text.split("\n").map((row) => row.length)), new Set([100]));
      for (const [at] of pairs.entries()) assert.equal(text.split(`─ veth${200 + at} ─`).length, 2);
      assert.equal(text.split("╟").length - 1, pairs.length);
      assert.equal(text.split("╔").length, text.split("╨").length);
    }),
  );
});
