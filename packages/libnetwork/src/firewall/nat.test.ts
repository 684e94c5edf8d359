/**
 * Published ports, masquerade and hairpin, with packets: each with bridge-nf-call-iptables off and on.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import {
  addressIn,
  expectTraffic,
  type Family,
  families,
  hostAddress,
  outsideAddress,
  ports,
  type Row,
  Stage,
} from "./test-support.ts";

const protocols = ["tcp", "udp"] as const;
/** Another address of the host's. */
const secondAddress = "192.0.2.77";
/** Host ports: of every address, of the host's address outside, of 127.0.0.1. */
const hostPorts = { any: 8080, one: 8081, loopback: 8082 };

/** A server whose port is published, its sibling, and sandboxes of another and of an internal network. */
async function makeScene(stage: Stage) {
  stage.host.addAddress("wan0", secondAddress);
  await stage.serve(stage.host.outside, [hostPorts.any]);
  const [server, sibling] = await stage.addNetwork(1, 2);
  const [stranger] = await stage.addNetwork(2, 1, {
    ipv4: { sourceAddress: secondAddress },
    ipv6: { masquerade: false },
  });
  const [locked] = await stage.addNetwork(3, 1, { internal: true });
  assert.ok(server && sibling && stranger && locked);
  for (const protocol of protocols) {
    for (const family of families) {
      const choices = { protocol, port: ports.web };
      stage.publish(
        server,
        family,
        { ...choices, hostPort: hostPorts.any },
        { ...choices, hostPort: hostPorts.one, hostAddress: hostAddress[family] },
      );
    }
    // Not [::1]: the kernel cannot rewrite what it sends.
    stage.publish(server, 4, {
      protocol,
      port: ports.web,
      hostPort: hostPorts.loopback,
      hostAddress: "127.0.0.1",
    });
  }
  return { host: stage.host, server, sibling, stranger, locked };
}

type Scene = Awaited<ReturnType<typeof makeScene>>;

describe("network address translation", () => {
  checkLeaks();

  for (const bridgeFilter of [false, true]) {
    for (const family of families) {
      for (const protocol of protocols) {
        it(`of ${protocol} over IPv${family}, bridge-nf-call-iptables ${bridgeFilter ? "on" : "off"}`, async () => {
          await using stage = await Stage.open();
          stage.host.setBridgeFilter(bridgeFilter);
          await expectTraffic(rows(await makeScene(stage), family, protocol));
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
      to: at(own, hostPorts.any),
      seenAs: outsideAddress[family],
    },
    {
      what: "outside, a gateway's address",
      from: host.outside,
      to: at(gateway(1), hostPorts.any),
      seenAs: outsideAddress[family],
    },
    {
      what: "outside, one address",
      from: host.outside,
      to: at(own, hostPorts.one),
      seenAs: outsideAddress[family],
    },
    {
      what: "outside, published on 127.0.0.1",
      from: host.outside,
      to: at(own, hostPorts.loopback),
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
      to: at(own, hostPorts.any),
      seenAs: strangerSeenAs,
    },
    {
      what: "other network, its own gateway",
      from: stranger.namespace,
      to: at(gateway(2), hostPorts.any),
      seenAs: strangerSeenAs,
    },
    {
      what: "other network, our gateway",
      from: stranger.namespace,
      to: at(gateway(1), hostPorts.any),
      seenAs: undefined,
    },
    {
      what: "internal network, host's address",
      from: locked.namespace,
      to: at(own, hostPorts.any),
      seenAs: undefined,
    },
    {
      what: "internal network, its own gateway",
      from: locked.namespace,
      to: at(gateway(3), hostPorts.any),
      seenAs: undefined,
    },
    { what: "hairpin to a sibling", from: sibling.namespace, to: at(own, hostPorts.any), seenAs: gateway(1) },
    { what: "hairpin to oneself", from: server.namespace, to: at(own, hostPorts.one), seenAs: gateway(1) },
    {
      what: "hairpin by the gateway",
      from: server.namespace,
      to: at(gateway(1), hostPorts.any),
      seenAs: gateway(1),
    },
    { what: "host, its address", from: namespace, to: at(own, hostPorts.one), seenAs: own },
    { what: "host, not published", from: namespace, to: at(own, ports.unpublished), seenAs: undefined },
    {
      what: "to the outside",
      from: server.namespace,
      to: at(outsideAddress[family], ports.web),
      seenAs: own,
    },
    {
      what: "to the outside, a port that is published here",
      from: sibling.namespace,
      to: at(outsideAddress[family], hostPorts.any),
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
            to: at("127.0.0.1", hostPorts.any),
            seenAs: gateway(1),
          },
          {
            what: "host, 127.0.0.1",
            from: namespace,
            to: at("127.0.0.1", hostPorts.loopback),
            seenAs: gateway(1),
          },
          {
            what: "host, 127.0.0.1, other address's",
            from: namespace,
            to: at("127.0.0.1", hostPorts.one),
            seenAs: undefined,
          },
        ]),
  ];
}
