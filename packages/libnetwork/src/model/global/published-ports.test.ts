import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkCore } from "../network-core.ts";
import { areOtherPorts, mappingsOf, publishedIn } from "./published-ports.ts";

const ports = [
  { protocol: "tcp", port: 80, targetPort: 8080, hostPort: 8000 },
  { protocol: "udp", port: 53, targetPort: 5353, hostPort: 8000 },
  { protocol: "tcp", port: 81, targetPort: 81 },
] as const;

const network = (shared: boolean) =>
  ({ record: { shared }, services: [{ record: { options: { ports } } }] }) as unknown as NetworkCore;

test("host ports are those of services of networks that hosts share, and of these what says one", () => {
  assert.deepEqual(mappingsOf(network(true)), [
    { protocol: "tcp", containerPort: 8000, hostPort: 8000 },
    { protocol: "udp", containerPort: 8000, hostPort: 8000 },
  ]);
  assert.deepEqual(publishedIn(network(false)), []);
});

test("ports are others where one is, or where it is of another protocol, and not in another order", () => {
  const [tcp = assert.fail(), udp = assert.fail()] = mappingsOf(network(true));
  assert.ok(!areOtherPorts([tcp, udp], [udp, tcp]));
  assert.ok(areOtherPorts([tcp], [udp]));
  assert.ok(areOtherPorts([tcp], [tcp, udp]));
  assert.ok(areOtherPorts([tcp, udp], [tcp]));
  assert.ok(areOtherPorts([tcp], [{ ...tcp, hostPort: 8001 }]));
});
