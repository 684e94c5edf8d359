// Who needs an endpoint on the gateway bridge, told by the endpoints alone.

import assert from "node:assert/strict";
import { it } from "node:test";
import type { PortBinding, PortMapping } from "../../contracts/driver.ts";
import { planRouting } from "../../netstack/routing.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import { externalPorts, isOfMapping, mappingsWithout, needsGateway, unneededGateway } from "./way-out.ts";

interface Shape {
  readonly answer?: Readonly<Record<string, unknown>>;
  readonly ipv6?: string;
  readonly internal?: boolean;
  readonly routes?: readonly string[];
  readonly gateway?: boolean;
  readonly exposedPorts?: readonly string[];
}

/** An endpoint of a plugin, that has joined. */
function endpoint(shape: Shape = {}): EndpointCore {
  const { answer = {}, ipv6, internal = false, routes = [], gateway = false, exposedPorts = [] } = shape;
  return {
    driver: { traits: { addressless: false } },
    network: { record: { options: { internal } } },
    record: {
      gateway,
      join: { answer: { staticRoutes: [], ...answer } },
      interface: { mac: "", ipv4: "10.1.0.2/24", ipv6 },
      options: {
        publish: [],
        exposedPorts,
        staticRoutes: routes.map((destination) => ({ destination, nextHop: undefined })),
      },
    },
  } as unknown as EndpointCore;
}

function sandbox(changes: Readonly<Record<string, unknown>>, ...endpoints: readonly EndpointCore[]) {
  return {
    engine: { makeGateway: () => undefined, parts: { planRouting } },
    namespace: {},
    owner: undefined,
    lost: false,
    record: { options: { useHostNetwork: false } },
    joined: new Set(endpoints),
    ...changes,
  } as unknown as SandboxCore;
}

const needs = (...endpoints: readonly EndpointCore[]) => needsGateway(sandbox({}, ...endpoints));

it("a gateway and a default route of either family is a way out, where the endpoint can use it", () => {
  assert.equal(needs(endpoint()), true);
  assert.equal(needs(endpoint({ answer: { gatewayIpv4: "10.1.0.1" } })), false);
  const answer = { gatewayIpv6: "fd00::1" };
  assert.equal(needs(endpoint({ answer, ipv6: "fd00::2/64" })), false);
  assert.equal(needs(endpoint({ answer })), true, "it has no address to use it with");
  for (const destination of ["0.0.0.0/0", "::/0"]) {
    assert.equal(needs(endpoint({ routes: [destination] })), false, "the user's own");
    const staticRoutes = [{ destination, nextHop: "10.1.0.1" }];
    assert.equal(needs(endpoint({ answer: { staticRoutes } })), false, "the driver's");
  }
  assert.equal(needs(endpoint({ routes: ["10.0.0.0/8"] })), true);
});

it("nobody needs one who is internal, declines, or is without a stack of its own", () => {
  assert.equal(needs(endpoint({ internal: true })), false);
  assert.equal(needs(endpoint({ answer: { disableGatewayService: true } })), false);
  assert.equal(needs(), false);
  const wanting = endpoint();
  for (const changes of [
    { owner: {} },
    { lost: true },
    { namespace: undefined },
    { record: { options: { useHostNetwork: true } } },
    { engine: {} },
  ])
    assert.equal(needsGateway(sandbox(changes, wanting)), false, JSON.stringify(changes));
});

it("it is not needed any more when the last that wants it leaves", () => {
  const [one, other, gateway] = [endpoint(), endpoint(), endpoint({ gateway: true })];
  assert.equal(unneededGateway(sandbox({}, one, other, gateway), one), undefined);
  assert.equal(unneededGateway(sandbox({}, one, gateway), one), gateway);
  assert.equal(unneededGateway(sandbox({}, one, gateway)), undefined);
});

it("what internal networks serve is not served outside", () => {
  const endpoints = [
    endpoint({ exposedPorts: ["22/tcp"], internal: true }),
    endpoint({ exposedPorts: ["80/tcp"] }),
  ];
  assert.deepEqual(externalPorts(sandbox({}, ...endpoints)), { publish: [], exposedPorts: ["80/tcp"] });
});

it("a host port came of the wish that has its protocol, port, address and range", () => {
  const binding: PortBinding = {
    protocol: "tcp",
    containerPort: 80,
    hostAddress: "127.0.0.1",
    hostPort: 8005,
    containerAddress: "10.1.0.2",
  };
  const wish: PortMapping = { protocol: "tcp", containerPort: 80 };
  for (const [more, expected] of [
    [{}, true],
    [{ protocol: "udp" }, false],
    [{ containerPort: 81 }, false],
    [{ hostAddress: "127.0.0.1" }, true],
    [{ hostAddress: "127.0.0.2" }, false],
    [{ hostPort: 8005 }, true],
    [{ hostPort: 8004 }, false],
    [{ hostPort: 8000, hostPortEnd: 8005 }, true],
    [{ hostPort: 8000, hostPortEnd: 8004 }, false],
    [{ hostPort: 8006, hostPortEnd: 8010 }, false],
  ] as const)
    assert.equal(isOfMapping(binding, { ...wish, ...more }), expected, JSON.stringify(more));
  const ranged = { ...wish, hostPort: 80, hostPortEnd: 80 };
  assert.deepEqual(mappingsWithout([wish, { ...wish, hostPort: 80 }], [ranged]), [wish]);
});
