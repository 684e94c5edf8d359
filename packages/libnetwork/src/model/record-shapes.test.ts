import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlainData } from "../contracts/store.ts";
import { CausewayError } from "../errors.ts";
import { checkedEndpointOptions } from "./endpoint-options.ts";
import { checkedNetworkOptions } from "./network-options.ts";
import { readRecord } from "./record-shapes.ts";
import type { RecordKind } from "./records.ts";
import { checkedSandboxOptions } from "./sandbox-options.ts";
import { checkedServiceOptions } from "./services/service-options.ts";

const network = {
  id: "n1",
  name: "blue",
  driver: "bridge",
  created: 1,
  predefined: false,
  options: checkedNetworkOptions({
    ipam: { config: [{ subnet: "172.30.0.0/24", auxiliaryAddresses: { a: "172.30.0.9" } }] },
    labels: { a: "b" },
    driverOptions: { bridgeName: "br9", deep: [1, { x: null }] },
  }),
  pools: [
    { family: 4, addressSpace: "local", poolId: "p", pool: "172.30.0.0/24", auxiliaryAddresses: { a: "x" } },
  ],
  driverState: null,
};

const endpoint = {
  id: "e1",
  networkId: "n1",
  name: "web",
  created: 1,
  options: checkedEndpointOptions({
    publish: [{ hostPort: 8080, containerPort: 80 }],
    sysctls: { "net.ipv4.conf.IFNAME.log_martians": "1" },
    staticRoutes: [{ destination: "10.0.0.0/8" }, { destination: "fd09::/64", nextHop: "fd00::9" }],
    interfaceName: "lan0",
  }),
  interface: { mac: "02:00:00:00:00:01", ipv4: "172.30.0.2/24", ipv6: undefined },
  state: {
    bindings: [
      {
        protocol: "tcp",
        containerPort: 80,
        hostPort: 8080,
        hostAddress: "0.0.0.0",
        containerAddress: "172.30.0.2",
      },
    ],
  },
  join: {
    sandboxId: "s1",
    answer: {
      interface: {
        plan: { kind: "veth", hostName: "v", bridgeIndex: 3, port: {} },
        prefix: "eth",
        mtu: undefined,
        announce: { count: 1, intervalMs: 100, urgent: false },
      },
      gatewayIpv4: "172.30.0.1",
      gatewayIpv6: undefined,
      staticRoutes: [],
    },
    interface: { name: "eth0", index: 2 },
  },
};

const sandbox = {
  id: "s1",
  containerId: "c",
  created: 1,
  options: checkedSandboxOptions({ hostname: "web", extraHosts: [{ name: "db", address: "10.0.0.1" }] }),
  namespace: { path: "/run/netns/s1", identity: "4:5" },
  ownsNamespace: true,
};

const service = {
  id: "v1",
  networkId: "n1",
  name: "web",
  created: 1,
  options: checkedServiceOptions({ ports: [{ port: 80, targetPort: 8080 }] }),
  ipv4: "172.30.0.9/24",
};

const examples = { network, service, endpoint, sandbox };

function read(kind: RecordKind, value: unknown, id: string = examples[kind].id): unknown {
  const stored: PlainData = JSON.parse(JSON.stringify(value));
  return readRecord(kind, { kind, id, value: stored, revision: 1 });
}

/** As it is stored: what is undefined is left out. */
function plain(record: unknown): unknown {
  return JSON.parse(JSON.stringify(record));
}

for (const kind of ["network", "service", "endpoint", "sandbox"] as const) {
  const example = examples[kind];

  test(`${kind}: what is stored today comes back as it was, byte by byte`, () => {
    assert.equal(JSON.stringify(read(kind, example)), JSON.stringify(example));
  });

  test(`${kind}: options that its release did not have are those of today`, () => {
    const options = Object.fromEntries(Object.entries(example.options).filter(([name]) => name !== "labels"));
    assert.notDeepEqual(options, example.options);
    const completed = { ...example, options: { ...example.options, labels: {} } };
    assert.deepEqual(plain(read(kind, { ...example, options })), plain(completed));
  });

  test(`${kind}: what a newer release has stored besides stays`, () => {
    const more = { ...example, more: 1, options: { ...example.options, more: 2 } };
    assert.deepEqual(plain(read(kind, more)), plain(more));
  });
}

const wrong: readonly (readonly [kind: RecordKind, what: string, field: string, value: unknown])[] = [
  ["network", "null", "", null],
  ["network", "a list", "", []],
  ["network", "another id", "id", { ...network, id: "n2" }],
  ["network", "no name", "name", { ...network, name: undefined }],
  ["network", "no options", "options", { ...network, options: undefined }],
  [
    "network",
    "options of another type",
    "options.ipv4",
    { ...network, options: { ...network.options, ipv4: "yes" } },
  ],
  ["network", "pools of another type", "pools", { ...network, pools: {} }],
  [
    "network",
    "a pool of no family",
    "pools[0].family",
    { ...network, pools: [{ ...network.pools[0], family: 5 }] },
  ],
  ["service", "no network", "networkId", { ...service, networkId: 5 }],
  [
    "service",
    "a port that leads nowhere",
    "options.ports[0].targetPort",
    { ...service, options: { ...service.options, ports: [{ protocol: "tcp", port: 80 }] } },
  ],
  ["endpoint", "no network", "networkId", { ...endpoint, networkId: 5 }],
  ["endpoint", "an interface without MAC", "interface.mac", { ...endpoint, interface: {} }],
  ["endpoint", "no state", "state", { ...endpoint, state: null }],
  [
    "endpoint",
    "a binding without port",
    "state.bindings[0].protocol",
    { ...endpoint, state: { bindings: [{}] } },
  ],
  ["endpoint", "half a join", "join.answer", { ...endpoint, join: { sandboxId: "s1" } }],
  [
    "endpoint",
    "a place in the order of joining that is none",
    "join.order",
    { ...endpoint, join: { ...endpoint.join, order: "last" } },
  ],
  [
    "endpoint",
    "a binding that it lacks without port",
    "withheld[0].hostPort",
    { ...endpoint, withheld: [{ ...endpoint.state.bindings[0], hostPort: undefined }] },
  ],
  ["sandbox", "no container", "containerId", { ...sandbox, containerId: {} }],
  ["sandbox", "a namespace that is a text", "namespace", { ...sandbox, namespace: "/run" }],
  ["sandbox", "a time that is a text", "created", { ...sandbox, created: "now" }],
];

for (const [kind, what, field, value] of wrong) {
  test(`${kind}: ${what} is unreadable, and the field is named`, () => {
    assert.throws(
      () => read(kind, value),
      (error) => {
        assert.ok(error instanceof CausewayError, String(error));
        assert.equal(error.code, "record_unreadable");
        assert.deepEqual(error.detail, { kind, id: examples[kind].id, field });
        assert.match(error.message, /discardRecord/);
        return true;
      },
    );
  });
}

test("an id that leads elsewhere, and a namespace that is not ours to let go of, are refused", () => {
  const unreadable = (field: string) => (error: unknown) =>
    error instanceof CausewayError && JSON.stringify(error.detail).includes(`"field":"${field}"`);
  const id = "../../etc";
  assert.throws(() => read("sandbox", { ...sandbox, id }, id), unreadable("id"));
  const elsewhere = { ...sandbox, namespace: { path: "/etc/passwd", identity: "4:5" } };
  assert.throws(() => read("sandbox", elsewhere), unreadable("namespace.path"));
  assert.doesNotThrow(() => read("sandbox", { ...elsewhere, ownsNamespace: false }));
});
