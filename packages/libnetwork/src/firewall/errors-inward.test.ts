/**
 * Errors about a connection (ICMP) come to those who have it, and are no way to those who have no way in: an internal
 * network, and the host for an internal or isolated one.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { link, NftContext } from "@causeway/kernel";
import { eventually } from "../../../../test/support/eventually.ts";
import {
  ETHERTYPE,
  FrameSocket,
  frame,
  icmp,
  icmpv6,
  ipPacket,
  udp,
} from "../../../../test/support/frames.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { openUdp, serve } from "../../../../test/support/traffic.ts";
import {
  addressIn,
  type Family,
  families,
  hostAddress,
  outsideAddress,
  type Sandbox,
  Stage,
} from "./test-support.ts";

const UDP = 17;

/** "Fragmentation needed" or "packet too big": what it quotes was sent by `about.from`, and went on too small a path. */
interface Complaint {
  readonly from: string;
  readonly to: string;
  readonly about: { readonly from: string; readonly to: string; readonly ports: readonly [number, number] };
  readonly text: string;
}

function tooBig(family: Family, { from, to, about, text }: Complaint): Buffer {
  const payload = udp(...about.ports, Buffer.from(text));
  const quoted = ipPacket({ source: about.from, destination: about.to, protocol: UDP, payload });
  if (family === 6) return icmpv6(from, to, 2, Buffer.concat([Buffer.from([0, 0, 5, 0]), quoted]));
  const body = Buffer.concat([Buffer.from([0, 0, 2, 88]), quoted]);
  return ipPacket({ source: from, destination: to, protocol: 1, payload: icmp(3, 4, body) });
}

/** From a sandbox, to its own gateway's MAC. */
function send(stage: Stage, sandbox: Sandbox, family: Family, packet: Buffer): void {
  const { address: gatewayMac = "" } = stage.host.rtnl.query(link.get({ name: `br-${sandbox.network}` }));
  using socket = new FrameSocket(sandbox.namespace, "eth0");
  socket.send(frame(gatewayMac, sandbox.port.mac, family === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6, packet));
}

describe("errors about a connection", () => {
  checkLeaks();

  for (const family of families) {
    it(`IPv${family}: do not come into an internal network from another`, async () => {
      await using stage = await Stage.open();
      const [other] = await stage.addNetwork(1, 1);
      const [internal] = await stage.addNetwork(2, 1, { internal: true });
      assert.ok(other && internal);
      const gateway = addressIn(2, family, 1);
      await using _server = await serve(stage.host.namespace, {
        protocol: "udp",
        address: gateway,
        port: 7000,
      });
      await using client = openUdp(internal.namespace, internal.addresses[family], 7001);
      client.send("question", 7000, gateway);
      await once(client, "message");
      using inside = new FrameSocket(internal.namespace, "eth0");
      const about = { from: internal.addresses[family], to: gateway, ports: [7001, 7000] as const };
      const complain = (text: string) =>
        send(
          stage,
          other,
          family,
          tooBig(family, { from: other.addresses[family], to: about.from, about, text }),
        );
      complain("from another network");
      // The host's own answer comes later, and by a way that is no shorter.
      client.send("the last", 7000, gateway);
      await once(client, "message");
      const seen = inside.received();
      assert.equal(
        seen.some((bytes) => bytes.includes("from another network")),
        false,
      );
      // The same without the rules of what is forwarded.
      using nft = new NftContext(stage.host.namespace);
      nft.run("flush chain inet causeway forward");
      complain("with no rule against it");
      await inside.receivedUntil("with no rule against it");
    });
  }

  for (const [kind, choices] of [
    ["an internal", { internal: true }],
    ["an isolated", { internal: true, ipv4: { gatewayMode: "isolated" }, ipv6: { gatewayMode: "isolated" } }],
    ["a plain", {}],
  ] as const) {
    it(`${kind === "a plain" ? "reach" : "do not reach"} the host from ${kind} network`, async () => {
      await using stage = await Stage.open();
      const { host } = stage;
      const [sandbox] = await stage.addNetwork(1, 1, choices);
      assert.ok(sandbox);
      const own = hostAddress[4];
      await using _server = await serve(host.outside, {
        protocol: "udp",
        address: outsideAddress[4],
        port: 7000,
      });
      await using client = openUdp(host.namespace, own, 5000);
      client.send("question", 7000, outsideAddress[4]);
      await once(client, "message");
      // Where the host has no address on the bridge, the sandbox's frame goes to the bridge's MAC all the same.
      const about = { from: own, to: outsideAddress[4], ports: [5000, 7000] as const };
      const complaint = { from: sandbox.addresses[4], to: own, about, text: "" };
      send(stage, sandbox, 4, tooBig(4, complaint));
      const route = () => execFileSync("ip", ["route", "get", outsideAddress[4]], { encoding: "utf8" });
      const mtuOf = () => /mtu (\d+)/.exec(host.namespace.run(route))?.[1];
      if (kind === "a plain") {
        await eventually(() => assert.equal(mtuOf(), "600"));
      } else {
        // An echo that the neighbour outside answers comes later, and has to be worked off like the rest.
        client.send("the last", 7000, outsideAddress[4]);
        await once(client, "message");
        assert.equal(mtuOf(), undefined);
      }
    });
  }
});
