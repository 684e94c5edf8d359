/**
 * What a sandbox may ask of the host itself, and what the host may ask of itself: README.md's second paragraph.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { link } from "@causeway/kernel";
import { eventually } from "../../../../test/support/eventually.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { canPing } from "../../../../test/support/traffic.ts";
import { linkLocalAddress } from "../address/link-local.ts";
import {
  addressIn,
  bridgeOf,
  expectTraffic,
  families,
  hostAddress,
  ports,
  type Row,
  Stage,
} from "./test-support.ts";

/** A service of the host's own, on all of its addresses. */
const service = 82;
/** Published for every address, and served by the host too: as the relay does for [::1]. */
const relayed = 83;
const loopback = { 4: "127.0.0.1", 6: "::1" } as const;

for (const bridgeFilter of [false, true]) {
  describe(`the host's own services, bridge-nf-call-iptables ${bridgeFilter ? "on" : "off"}`, () => {
    checkLeaks();

    it("are there for the host, and for sandboxes by its addresses but other networks' gateways", async () => {
      await using stage = await Stage.open();
      const { host } = stage;
      host.setBridgeFilter(bridgeFilter);
      await stage.serve(host.namespace, [service, relayed]);
      const unmasked = { masquerade: false };
      const [sandbox] = await stage.addNetwork(1, 1);
      assert.ok(sandbox);
      for (const family of families) stage.publish(sandbox, family, { port: ports.web, hostPort: relayed });
      await stage.addNetwork(2, 0, { ipv4: unmasked, ipv6: unmasked });
      const [locked] = await stage.addNetwork(3, 1, { internal: true });
      assert.ok(locked);
      await expectTraffic(
        families.flatMap((family): Row[] => {
          const at = (address: string) => ({ address, port: service });
          const gateway = (network: number) => addressIn(network, family, 1);
          const asked = (what: string, from: typeof sandbox, address: string, allowed: boolean): Row => ({
            what: `${what}, IPv${family}`,
            from: from.namespace,
            to: at(address),
            seenAs: allowed ? from.addresses[family] : undefined,
          });
          return [
            asked("the host's address", sandbox, hostAddress[family], true),
            asked("one's own gateway", sandbox, gateway(1), true),
            asked("another gateway", sandbox, gateway(2), false),
            asked("from an internal network, the host's address", locked, hostAddress[family], false),
            asked("from an internal network, its own gateway", locked, gateway(3), true),
            asked("from an internal network, another gateway", locked, gateway(2), false),
            {
              what: `the host, by its loopback, IPv${family}`,
              from: host.namespace,
              to: at(loopback[family]),
              seenAs: loopback[family],
            },
            {
              what: `the host, a published port by its loopback, IPv${family}`,
              from: host.namespace,
              to: { address: loopback[family], port: relayed },
              seenAs: family === 4 ? gateway(1) : "::1",
            },
            {
              what: `the host, by an address of its own in a network, IPv${family}`,
              from: host.namespace,
              to: at(gateway(1)),
              seenAs: gateway(1),
            },
            {
              what: `a sandbox, asked by another gateway's address, IPv${family}`,
              from: host.namespace,
              to: { address: sandbox.addresses[family], port: ports.web, source: gateway(2) },
              seenAs: gateway(2),
            },
          ];
        }),
      );
      const broadcast = (network: number) =>
        ({ protocol: "udp", address: `172.30.${network}.255`, port: service }) as const;
      await expectTraffic([
        {
          what: "from an internal network, its own broadcast address",
          from: locked.namespace,
          to: broadcast(3),
          seenAs: locked.addresses[4],
        },
        {
          what: "from an internal network, another link's broadcast address",
          from: locked.namespace,
          to: broadcast(1),
          seenAs: undefined,
        },
        {
          what: "another link's broadcast address",
          from: sandbox.namespace,
          to: broadcast(3),
          seenAs: sandbox.addresses[4],
        },
      ]);
      const { address = "" } = host.rtnl.query(link.get({ name: bridgeOf(3) }));
      const gateway = `${linkLocalAddress(address)}%eth0`;
      await eventually(async () => assert.ok(await canPing(locked.namespace, gateway), gateway));
    });
  });
}
