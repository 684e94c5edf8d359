import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { RoutedEndpoint } from "../contracts/netstack.ts";
import { compareGateways, missing, planRouting } from "./routing.ts";

function endpoint(index: number, more: Partial<RoutedEndpoint> = {}): RoutedEndpoint {
  return {
    endpointId: `e${index}`,
    networkName: `n${index}`,
    interface: { name: `eth${index}`, index: index + 10 },
    addresses: { mac: "02:00:00:00:00:00", ipv4: `172.30.${index}.2/24`, ipv6: `fd00:${index}::2/64` },
    gatewayIpv4: `172.30.${index}.1`,
    gatewayIpv6: `fd00:${index}::1`,
    priority: 0,
    internal: false,
    gatewayBridge: false,
    ...more,
  };
}

test("no endpoints, no routes", () => {
  assert.deepEqual(planRouting([]), {
    gatewayEndpointIpv4: undefined,
    gatewayEndpointIpv6: undefined,
    routes: [],
    rules: [],
  });
});

test("one endpoint: a default route in each family that has a gateway and an address", () => {
  assert.deepEqual(planRouting([endpoint(1)]), {
    gatewayEndpointIpv4: "e1",
    gatewayEndpointIpv6: "e1",
    routes: [
      { destination: "default", family: 4, gateway: "172.30.1.1", link: 11, table: 254 },
      { destination: "default", family: 6, gateway: "fd00:1::1", link: 11, table: 254 },
    ],
    rules: [],
  });
  const ipv4Only = { mac: "02:00:00:00:00:00", ipv4: "172.30.1.2/24", ipv6: undefined };
  const { routes, gatewayEndpointIpv6 } = planRouting([endpoint(1, { addresses: ipv4Only })]);
  assert.equal(gatewayEndpointIpv6, undefined);
  assert.deepEqual(
    routes.map(({ family }) => family),
    [4],
  );
});

test("a second endpoint: what is sent from its address leaves by its own gateway", () => {
  const { routes, rules } = planRouting([endpoint(2), endpoint(1)]);
  assert.deepEqual(
    routes.map(({ family, gateway, link, table }) => [family, gateway, link, table]),
    [
      [4, "172.30.1.1", 11, 254],
      [4, "172.30.2.1", 12, 10_012],
      [6, "fd00:1::1", 11, 254],
      [6, "fd00:2::1", 12, 10_012],
    ],
  );
  const direct = { priority: 10_000, from: undefined, table: 254, exceptDefault: true };
  const bySource = { priority: 10_001, table: 10_012, exceptDefault: false };
  assert.deepEqual(rules, [
    { family: 4, ...direct },
    { family: 4, ...bySource, from: "172.30.2.2" },
    { family: 6, ...direct },
    { family: 6, ...bySource, from: "fd00:2::2" },
  ]);
});

test("the first is by priority, not internal, both families, network's name: in this order", () => {
  const byName = endpoint(1, { networkName: "b" });
  const winners: readonly RoutedEndpoint[] = [
    endpoint(2, { networkName: "a" }),
    endpoint(3, { priority: 1, gatewayIpv6: undefined, networkName: "z", internal: true }),
  ];
  for (const winner of winners) assert.ok(compareGateways(winner, byName) < 0);
  assert.ok(compareGateways(byName, endpoint(4, { networkName: "a", gatewayIpv6: undefined })) < 0);
  assert.ok(compareGateways(byName, endpoint(5, { networkName: "a", internal: true })) < 0);
  assert.ok(compareGateways(byName, endpoint(6, { networkName: "a", priority: -1 })) < 0);
});

const arbitrary = fc.uniqueArray(fc.nat({ max: 200 }), { maxLength: 6 }).chain((numbers) =>
  fc.tuple(
    ...numbers.map((number) =>
      fc
        .record({
          priority: fc.integer({ min: -2, max: 2 }),
          internal: fc.boolean(),
          gatewayIpv4: fc.constantFrom(undefined, `172.30.${number}.1`),
          gatewayIpv6: fc.constantFrom(undefined, `fd00:${number}::1`),
        })
        .map((more) => endpoint(number, more)),
    ),
  ),
);

test("the plan does not depend on the order of joining, and every gateway has exactly one route", () => {
  fc.assert(
    fc.property(arbitrary, (endpoints) => {
      const plan = planRouting(endpoints);
      assert.deepEqual(planRouting([...endpoints].reverse()), plan);
      for (const family of [4, 6] as const) {
        const key = family === 4 ? "gatewayIpv4" : "gatewayIpv6";
        const gateways = endpoints.map((item) => item[key]).filter((item) => item !== undefined);
        const routes = plan.routes.filter((item) => item.family === family);
        assert.deepEqual(routes.map(({ gateway }) => gateway).sort(), gateways.sort());
        assert.equal(routes.filter(({ table }) => table === 254).length, Math.min(1, gateways.length));
        const rules = plan.rules.filter((item) => item.family === family);
        assert.equal(rules.length, gateways.length < 2 ? 0 : gateways.length);
        const chosen = family === 4 ? plan.gatewayEndpointIpv4 : plan.gatewayEndpointIpv6;
        const best = [...endpoints].sort(compareGateways).find((item) => item[key] !== undefined);
        assert.equal(chosen, best?.endpointId);
      }
    }),
  );
});

test("what is missing is told by value", () => {
  assert.deepEqual(missing([{ a: 1 }, { a: 2 }], [{ a: 2 }, { a: 3 }]), [{ a: 1 }]);
  assert.deepEqual(missing([], [{ a: 1 }]), []);
});
