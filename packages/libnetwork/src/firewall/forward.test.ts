/**
 * Who may talk to whom, past NAT: isolation, gateway modes, trusted interfaces, the operator's chain, other people's
 * traffic. With packets, allowed and refused side by side.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { link, NftContext, neighbour } from "@causeway/kernel";
import { eventually } from "../../../../test/support/eventually.ts";
import { ETHERTYPE, FrameSocket, frame, ipPacket, udp } from "../../../../test/support/frames.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { canPing } from "../../../../test/support/traffic.ts";
import { bridgeGroup } from "../contracts/firewall.ts";
import {
  addressIn,
  bridgeOf,
  expectTraffic,
  type Family,
  families,
  hostAddress,
  neighbourAddress,
  outsideAddress,
  ports,
  type Row,
  type Sandbox,
  Stage,
} from "./test-support.ts";

/** The first of what is there, surely. */
function first([item]: readonly Sandbox[]): Sandbox {
  assert.ok(item !== undefined);
  return item;
}

/** A connection from a sandbox, or from the outside, to a port of a sandbox, under its own address. */
function row(
  what: string,
  from: Row["from"],
  to: Sandbox,
  family: Family,
  port: number,
  seenAs?: string,
): Row {
  return { what, from, to: { address: to.addresses[family], port }, seenAs };
}

function out(what: string, from: Sandbox, family: Family, seenAs?: string): Row {
  return { what, from: from.namespace, to: { address: outsideAddress[family], port: ports.web }, seenAs };
}

for (const bridgeFilter of [false, true]) {
  describe(`forwarding, bridge-nf-call-iptables ${bridgeFilter ? "on" : "off"}`, () => {
    checkLeaks();

    async function open(): Promise<Stage> {
      const stage = await Stage.open();
      stage.host.setBridgeFilter(bridgeFilter);
      return stage;
    }

    it("keeps networks apart, and lets endpoints of one network reach each other", async () => {
      await using stage = await open();
      const [one, two] = await stage.addNetwork(1, 2);
      const other = first(await stage.addNetwork(2, 1));
      assert.ok(one && two);
      await expectTraffic(
        families.flatMap((family) => [
          row(`same network, IPv${family}`, two.namespace, one, family, ports.web, two.addresses[family]),
          row(`other network, IPv${family}`, other.namespace, one, family, ports.web),
          row(`and back, IPv${family}`, one.namespace, other, family, ports.web),
        ]),
      );
    });

    it("lets all of that through where no firewall is", async () => {
      await using stage = new Stage();
      stage.host.setBridgeFilter(bridgeFilter);
      const one = first(await stage.addNetwork(1, 1));
      const other = first(await stage.addNetwork(2, 1, { internal: true }));
      await expectTraffic(
        families.flatMap((family) => [
          row(
            `other network, IPv${family}`,
            other.namespace,
            one,
            family,
            ports.web,
            other.addresses[family],
          ),
          row(`outside, IPv${family}`, stage.host.outside, one, family, ports.web, outsideAddress[family]),
        ]),
      );
    });

    it("with icc off, lets endpoints of one network reach only what is published", async () => {
      await using stage = await open();
      const [one, two] = await stage.addNetwork(1, 2, { icc: false });
      assert.ok(one && two);
      for (const family of families) stage.publish(one, family, { port: ports.web, hostPort: 8080 });
      const gateway = { 4: "172.30.1.1", 6: "fd00:1::1" };
      await expectTraffic(
        families.flatMap((family) => [
          row(`directly, IPv${family}`, two.namespace, one, family, ports.web),
          {
            what: `directly by UDP, IPv${family}`,
            from: two.namespace,
            to: { protocol: "udp", address: one.addresses[family], port: ports.web },
            seenAs: undefined,
          },
          {
            what: `the published port, IPv${family}`,
            from: two.namespace,
            to: { address: hostAddress[family], port: 8080 },
            seenAs: gateway[family],
          },
          {
            what: `one's own published port, IPv${family}`,
            from: one.namespace,
            to: { address: hostAddress[family], port: 8080 },
            seenAs: gateway[family],
          },
          row(`from the host, IPv${family}`, stage.host.namespace, two, family, ports.web, gateway[family]),
          out(`to the outside, IPv${family}`, two, family, hostAddress[family]),
        ]),
      );
    });

    for (const icc of [true, false]) {
      it(`${icc ? "sends" : "does not send"} a packet round by the gateway, with icc ${icc ? "on" : "off"}`, async () => {
        await using stage = await open();
        const [one, two] = await stage.addNetwork(1, 2, { icc });
        assert.ok(one && two);
        const { address: gatewayMac = "" } = stage.host.rtnl.query(link.get({ name: "br-1" }));
        using from = new FrameSocket(two.namespace, "eth0");
        using to = new FrameSocket(one.namespace, "eth0");
        using outside = new FrameSocket(stage.host.outside, "eth0");
        const send = (family: Family, destination: string, text: string) => {
          const type = family === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6;
          const packet = { source: two.addresses[family], destination, protocol: 17 };
          const payload = udp(4000, 4000, Buffer.from(text));
          from.send(frame(gatewayMac, two.port.mac, type, ipPacket({ ...packet, payload })));
        };
        // The host need not ask for it first, which would let later frames overtake.
        const { index } = stage.host.rtnl.query(link.get({ name: bridgeOf(1) }));
        for (const address of Object.values(one.addresses)) {
          stage.host.rtnl.execute(neighbour.replace({ link: index, address, mac: one.port.mac }));
        }
        const text = (family: Family) => `round by IPv${family}`;
        for (const family of families) send(family, one.addresses[family], text(family));
        // Frames of one port stay in order: once this one is outside, the host has dealt with the others, and its
        // own frame comes behind what it may have sent round.
        send(4, outsideAddress[4], "the last but one");
        await outside.receivedUntil("the last but one");
        using host = new FrameSocket(stage.host.namespace, bridgeOf(1));
        host.send(frame(one.port.mac, gatewayMac, 0x88b5, Buffer.from("the last")));
        const seen = await to.receivedUntil(...(icc ? families.map(text) : []), "the last");
        const arrived = families.filter((family) => seen.some((bytes) => bytes.includes(text(family))));
        assert.deepEqual(arrived, icc ? [4, 6] : []);
      });
    }

    it("gives an internal network no way in or out", async () => {
      await using stage = await open();
      const [one, two] = await stage.addNetwork(1, 2, { internal: true });
      const other = first(await stage.addNetwork(2, 1, { ipv4: { gatewayMode: "nat-unprotected" } }));
      assert.ok(one && two);
      await expectTraffic(
        families.flatMap((family) => [
          row(`same network, IPv${family}`, two.namespace, one, family, ports.web, two.addresses[family]),
          row(`from the outside, IPv${family}`, stage.host.outside, one, family, ports.web),
          row(`from another network, IPv${family}`, other.namespace, one, family, ports.web),
          row(`to another network, IPv${family}`, one.namespace, other, family, ports.web),
          out(`to the outside, IPv${family}`, one, family),
        ]),
      );
    });

    it("leaves an unprotected network open to the outside, not to other networks", async () => {
      await using stage = await open();
      const mode = { gatewayMode: "nat-unprotected" } as const;
      const open1 = first(await stage.addNetwork(1, 1, { ipv4: mode, ipv6: mode }));
      const other = first(await stage.addNetwork(2, 1));
      for (const family of families) stage.publish(open1, family, { port: ports.web, hostPort: 8080 });
      await expectTraffic(
        families.flatMap((family) => [
          row(
            `outside, IPv${family}`,
            stage.host.outside,
            open1,
            family,
            ports.unpublished,
            outsideAddress[family],
          ),
          row(`other network, IPv${family}`, other.namespace, open1, family, ports.unpublished),
          {
            what: `other network, the published port, IPv${family}`,
            from: other.namespace,
            to: { address: hostAddress[family], port: 8080 },
            seenAs: addressIn(1, family, 1),
          },
        ]),
      );
    });

    it("opens published ports and echo of a routed network, under its own addresses", async () => {
      await using stage = await open();
      const mode = { gatewayMode: "routed", masquerade: false } as const;
      const routed = first(await stage.addNetwork(1, 1, { ipv4: mode, ipv6: mode }));
      const other = first(
        await stage.addNetwork(2, 1, { ipv4: { masquerade: false }, ipv6: { masquerade: false } }),
      );
      const locked = first(await stage.addNetwork(3, 1, { internal: true }));
      for (const family of families) stage.publish(routed, family, { port: ports.web });
      const { outside } = stage.host;
      await expectTraffic(
        families.flatMap((family) => [
          row(`outside, published, IPv${family}`, outside, routed, family, ports.web, outsideAddress[family]),
          row(`outside, not published, IPv${family}`, outside, routed, family, ports.unpublished),
          row(
            `other network, published, IPv${family}`,
            other.namespace,
            routed,
            family,
            ports.web,
            other.addresses[family],
          ),
          row(
            `other network, not published, IPv${family}`,
            other.namespace,
            routed,
            family,
            ports.unpublished,
          ),
          row(`internal network, published, IPv${family}`, locked.namespace, routed, family, ports.web),
          out(`to the outside, IPv${family}`, routed, family, routed.addresses[family]),
        ]),
      );
      for (const family of families) {
        await eventually(async () => assert.ok(await canPing(outside, routed.addresses[family])));
        assert.ok(!(await canPing(outside, other.addresses[family])));
      }
    });

    it("cuts an isolated family off, and leaves the other one alone", async () => {
      await using stage = await open();
      const [one, two] = await stage.addNetwork(1, 2, { ipv6: { gatewayMode: "isolated" } });
      assert.ok(one && two);
      await expectTraffic([
        row("same network, IPv6", two.namespace, one, 6, ports.web, two.addresses[6]),
        row("outside, IPv6", stage.host.outside, one, 6, ports.web),
        out("to the outside, IPv6", one, 6),
        out("to the outside, IPv4", one, 4, "192.0.2.1"),
      ]);
    });

    it("lets trusted interfaces reach the containers' own published ports", async () => {
      await using stage = await open();
      const neighbour = stage.host.addNeighbour("lan0");
      const server = first(await stage.addNetwork(1, 1, { trustedInterfaces: ["lan0"] }));
      const plain = first(await stage.addNetwork(2, 1));
      for (const family of families) {
        for (const sandbox of [server, plain]) {
          stage.publish(sandbox, family, { port: ports.web, hostPort: 8000 + sandbox.network });
        }
      }
      const seenAs = neighbourAddress;
      await expectTraffic(
        families.flatMap((family) => [
          row(`trusted, published, IPv${family}`, neighbour, server, family, ports.web, seenAs[family]),
          row(`trusted, not published, IPv${family}`, neighbour, server, family, ports.unpublished),
          row(`trusted by another network, IPv${family}`, neighbour, plain, family, ports.web),
          row(`not trusted, published, IPv${family}`, stage.host.outside, server, family, ports.web),
        ]),
      );
    });

    it("forwards between interfaces that are not ours as it is told, and never stops other people's bridges", async () => {
      await using stage = await open();
      const neighbour = stage.host.addNeighbour("lan0");
      await stage.serve(neighbour);
      const ours = first(await stage.addNetwork(1, 1));
      const [one, two] = stage.host.addForeignBridge();
      await stage.serve(two);
      const through = (seenAs?: string): Row[] => [
        {
          what: "through",
          from: stage.host.outside,
          to: { address: neighbourAddress[4], port: ports.web },
          seenAs,
        },
        {
          what: "on their bridge",
          from: one,
          to: { address: "10.9.0.2", port: ports.web },
          seenAs: "10.9.0.1",
        },
        out("ours", ours, 4, "192.0.2.1"),
      ];
      await expectTraffic(through(outsideAddress[4]));
      stage.firewall.setForeignForwarding("drop");
      await expectTraffic(through());
      stage.firewall.install();
      await expectTraffic(through());
      stage.firewall.setForeignForwarding("allow");
      await expectTraffic(through(outsideAddress[4]));
    });

    it("leaves the networks of other controllers to their tables", async () => {
      await using stage = await open();
      stage.firewall.setForeignForwarding("drop");
      stage.host.addBridge(2);
      const theirs = stage.host.addSandbox(2, 2);
      await stage.serve(theirs.namespace);
      const through = (passes: boolean) =>
        families.flatMap((family) => [
          row(
            `into their network, IPv${family}`,
            stage.host.outside,
            theirs,
            family,
            ports.web,
            passes ? outsideAddress[family] : undefined,
          ),
          out(`out of it, IPv${family}`, theirs, family, passes ? theirs.addresses[family] : undefined),
        ]);
      await expectTraffic(through(false));
      stage.host.rtnl.execute(link.change({ name: bridgeOf(2) }, { group: bridgeGroup }));
      await expectTraffic(through(true));
    });

    it("shows the operator's chain a published port after translation, and not what is for the host", async () => {
      await using stage = await open();
      const [one, two] = await stage.addNetwork(1, 2);
      assert.ok(one && two);
      for (const family of families) stage.publish(one, family, { port: ports.web, hostPort: 8080 });
      await stage.serve(stage.host.namespace, [9003]);
      using operator = new NftContext(stage.host.namespace);
      const { outside, namespace: host } = stage.host;
      const published = (family: Family) => ({ address: hostAddress[family], port: 8080 });
      const rows = (blocked: boolean, family: Family): Row[] => [
        {
          what: `published, IPv${family}`,
          from: outside,
          to: published(family),
          seenAs: blocked ? undefined : outsideAddress[family],
        },
        {
          what: `published, from its network, IPv${family}`,
          from: two.namespace,
          to: published(family),
          seenAs: blocked ? undefined : addressIn(1, family, 1),
        },
        {
          what: `published, from the host, IPv${family}`,
          from: host,
          to: published(family),
          seenAs: hostAddress[family],
        },
        {
          what: `a service of the host, IPv${family}`,
          from: outside,
          to: { address: hostAddress[family], port: 9003 },
          seenAs: outsideAddress[family],
        },
        {
          what: `inside the network, IPv${family}`,
          from: two.namespace,
          to: { protocol: "udp", address: one.addresses[family], port: ports.web },
          seenAs: bridgeFilter ? undefined : two.addresses[family],
        },
      ];
      operator.run(`
        add rule inet causeway user tcp dport { 8080, 9003 } drop
        add rule inet causeway user udp dport ${ports.web} drop`);
      await expectTraffic(families.flatMap((family) => rows(false, family)));
      operator.run("add rule inet causeway user meta l4proto tcp ct original proto-dst 8080 drop");
      await expectTraffic(families.flatMap((family) => rows(true, family)));
    });

    it("asks the operator's chain first, and keeps it", async () => {
      await using stage = await open();
      const [one, two] = await stage.addNetwork(1, 2);
      assert.ok(one && two);
      using operator = new NftContext(stage.host.namespace);
      operator.run(`
        add set inet causeway user_refused { type inet_service; elements = { ${ports.web} } }
        add rule inet causeway user tcp dport @user_refused counter drop
        add chain bridge causeway user_ports
        add rule bridge causeway user_ports udp dport ${ports.web} drop
        add rule bridge causeway user jump user_ports`);
      const before = operatorsRules(operator);
      const rows: Row[] = [
        {
          what: "TCP",
          from: one.namespace,
          to: { address: outsideAddress[4], port: ports.web },
          seenAs: undefined,
        },
        {
          what: "UDP",
          from: one.namespace,
          to: { protocol: "udp", address: outsideAddress[4], port: ports.web },
          seenAs: "192.0.2.1",
        },
        {
          what: "UDP from port to port",
          from: one.namespace,
          to: { protocol: "udp", address: two.addresses[4], port: ports.web },
          seenAs: undefined,
        },
      ];
      await expectTraffic(rows);
      stage.firewall.install();
      assert.deepEqual(operatorsRules(operator), before);
      await expectTraffic(rows);
    });
  });
}

/** What is the operator's, with the counters at nought. */
function operatorsRules(context: NftContext): string {
  const names = ["chain inet causeway user", "set inet causeway user_refused", "chain bridge causeway user"];
  const text = [...names, "chain bridge causeway user_ports"]
    .map((name) => context.run(`list ${name}`))
    .join("");
  return text.replaceAll(/packets \d+ bytes \d+/g, "");
}
