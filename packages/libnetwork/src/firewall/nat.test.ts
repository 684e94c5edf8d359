/**
 * Published ports, masquerade and hairpin, with packets: each with bridge-nf-call-iptables off and on.
 */
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import type { PublishedPort } from "../contracts/firewall.ts";
import { NftablesFirewall } from "./nftables-firewall.ts";
import {
  addressIn,
  expectTraffic,
  type Family,
  families,
  hostAddress,
  networkPolicy,
  outsideAddress,
  published,
  type Row,
  type Sandbox,
  serveAll,
  TestHost,
} from "./test-support.ts";

const protocols = ["tcp", "udp"] as const;
/** Another address of the host's. */
const secondAddress = "192.0.2.77";
/** Host ports: of every address, of the host's address outside, of 127.0.0.1; and container ports. */
const ports = { any: 8080, one: 8081, loopback: 8082, web: 80, unpublished: 81 };

/** A server whose port is published, its sibling, and sandboxes of another and of an internal network. */
interface Scene extends AsyncDisposable {
  readonly host: TestHost;
  readonly server: Sandbox;
  readonly sibling: Sandbox;
  readonly stranger: Sandbox;
  readonly locked: Sandbox;
}

async function makeScene(): Promise<Scene> {
  await using building = new AsyncDisposableStack();
  const host = building.use(new TestHost());
  host.addAddress("wan0", secondAddress);
  for (const network of [1, 2, 3]) host.addBridge(network);
  const server = host.addSandbox(1, 2);
  const sibling = host.addSandbox(1, 3);
  const stranger = host.addSandbox(2, 2);
  const locked = host.addSandbox(3, 2);
  const firewall = new NftablesFirewall({ controllerId: "test", namespace: host.namespace });
  building.defer(() => firewall.close());
  firewall.apply({
    add: {
      networks: [
        networkPolicy(1),
        networkPolicy(2, { ipv4: { sourceAddress: secondAddress }, ipv6: { masquerade: false } }),
        networkPolicy(3, { internal: true }),
      ],
      ports: [server, sibling, stranger, locked].map(({ port }) => port),
      published: families.flatMap((family) =>
        protocols.flatMap((protocol) => publishedBy(server, family, protocol)),
      ),
    },
  });
  firewall.install();
  await serveAll(building, server.namespace, ports.web);
  await serveAll(building, server.namespace, ports.unpublished);
  await serveAll(building, host.outside, ports.web);
  const kept = building.move();
  return { host, server, sibling, stranger, locked, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function publishedBy(server: Sandbox, family: Family, protocol: "tcp" | "udp"): PublishedPort[] {
  const choices = { protocol, port: ports.web };
  return [
    published(server, family, { ...choices, hostPort: ports.any }),
    published(server, family, { ...choices, hostPort: ports.one, hostAddress: hostAddress[family] }),
    // The kernel cannot rewrite what [::1] sends.
    ...(family === 6
      ? []
      : [published(server, 4, { ...choices, hostPort: ports.loopback, hostAddress: "127.0.0.1" })]),
  ];
}

describe("network address translation", () => {
  checkLeaks();

  for (const bridgeFilter of [false, true]) {
    for (const family of families) {
      for (const protocol of protocols) {
        it(`of ${protocol} over IPv${family}, bridge-nf-call-iptables ${bridgeFilter ? "on" : "off"}`, async () => {
          await using scene = await makeScene();
          scene.host.setBridgeFilter(bridgeFilter);
          await expectTraffic(rows(scene, family, protocol));
        });
      }
    }
  }
});

function rows(
  { host, server, sibling, stranger, locked }: Scene,
  family: Family,
  protocol: "tcp" | "udp",
): Row[] {
  const at = (address: string, port: number) => ({ protocol, address, port });
  const own = hostAddress[family];
  const gateway = (network: number) => addressIn(network, family, 1);
  const { namespace } = host;
  // Its network has a source address of its own, and in IPv6 none is rewritten.
  const strangerSeenAs = family === 4 ? secondAddress : stranger.addresses[6];
  return [
    {
      what: "outside, any address",
      from: host.outside,
      to: at(own, ports.any),
      seenAs: outsideAddress[family],
    },
    {
      what: "outside, one address",
      from: host.outside,
      to: at(own, ports.one),
      seenAs: outsideAddress[family],
    },
    {
      what: "outside, published on 127.0.0.1",
      from: host.outside,
      to: at(own, ports.loopback),
      seenAs: undefined,
    },
    {
      what: "outside, not published",
      from: host.outside,
      to: at(own, ports.unpublished),
      seenAs: undefined,
    },
    {
      what: "outside, past the host, published",
      from: host.outside,
      to: at(server.addresses[family], ports.web),
      seenAs: undefined,
    },
    {
      what: "outside, past the host, not published",
      from: host.outside,
      to: at(server.addresses[family], ports.unpublished),
      seenAs: undefined,
    },
    {
      what: "other network, host's address",
      from: stranger.namespace,
      to: at(own, ports.any),
      seenAs: strangerSeenAs,
    },
    {
      what: "other network, its own gateway",
      from: stranger.namespace,
      to: at(gateway(2), ports.any),
      seenAs: strangerSeenAs,
    },
    {
      what: "other network, our gateway",
      from: stranger.namespace,
      to: at(gateway(1), ports.any),
      seenAs: undefined,
    },
    {
      what: "internal network, host's address",
      from: locked.namespace,
      to: at(own, ports.any),
      seenAs: undefined,
    },
    {
      what: "internal network, its own gateway",
      from: locked.namespace,
      to: at(gateway(3), ports.any),
      seenAs: undefined,
    },
    { what: "hairpin to a sibling", from: sibling.namespace, to: at(own, ports.any), seenAs: gateway(1) },
    { what: "hairpin to oneself", from: server.namespace, to: at(own, ports.one), seenAs: gateway(1) },
    {
      what: "hairpin by the gateway",
      from: server.namespace,
      to: at(gateway(1), ports.any),
      seenAs: gateway(1),
    },
    { what: "host, its address", from: namespace, to: at(own, ports.one), seenAs: own },
    { what: "host, not published", from: namespace, to: at(own, ports.unpublished), seenAs: undefined },
    {
      what: "to the outside",
      from: server.namespace,
      to: at(outsideAddress[family], ports.web),
      seenAs: own,
    },
    {
      what: "to the outside, by a given address",
      from: stranger.namespace,
      to: at(outsideAddress[family], ports.web),
      seenAs: strangerSeenAs,
    },
    ...(family === 6
      ? []
      : [
          {
            what: "host, 127.0.0.1, any address",
            from: namespace,
            to: at("127.0.0.1", ports.any),
            seenAs: gateway(1),
          },
          {
            what: "host, 127.0.0.1",
            from: namespace,
            to: at("127.0.0.1", ports.loopback),
            seenAs: gateway(1),
          },
          {
            what: "host, 127.0.0.1, other address's",
            from: namespace,
            to: at("127.0.0.1", ports.one),
            seenAs: undefined,
          },
        ]),
  ];
}
