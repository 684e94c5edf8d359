// Who decides what is in an overlay network: what hosts of the cluster send, and nobody else on the underlay, nor a sandbox in its host's name.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type NetNamespace, NftContext } from "@causeway/kernel";
import { eventually } from "../support/eventually.ts";
import { ETHERTYPE, frame, ipPacket, udp } from "../support/frames.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { type Member, OverlayCluster, usual } from "../support/overlay-cluster.ts";
import type { OverlayHost } from "../support/overlay-host.ts";
import { canPing, openUdp, serve } from "../support/traffic.ts";

/** As a VXLAN device sends it: from an endpoint with usual(9), to another's port 80. */
function encapsulated(vni: number, to: Member, text: string): Buffer {
  const { mac, ipv4 = "" } = to.peer;
  const payload = udp(4000, 80, Buffer.from(text));
  const packet = ipPacket({ source: "10.7.0.9", destination: ipv4, protocol: 17, payload });
  const inner = frame(mac, usual(9).mac, ETHERTYPE.ipv4, packet);
  return Buffer.concat([Buffer.of(8, 0, 0, 0, 0, vni >> 8, vni & 0xff, 0), inner]);
}

async function send(from: NetNamespace, to: OverlayHost, bytes: Buffer): Promise<void> {
  const socket = openUdp(from, to.address.includes(":") ? "::" : "0.0.0.0", 0);
  await new Promise((sent) => socket.send(bytes, 4789, to.address, sent));
  socket.close();
}

for (const family of [4, 6] as const)
  describe(`an overlay network over IPv${family}`, () => {
    checkLeaks();

    it("believes hosts of the cluster, and no other machine of the underlay", async () => {
      await using cluster = new OverlayCluster({ hosts: 3, family });
      const network = await cluster.newNetwork({ options: { vxlanIds: 5000 } });
      const a = await cluster.join(cluster.host(1), network, usual(2));
      await using server = await serve(a.namespace, { protocol: "udp", port: 80 });
      const stranger = cluster.host(3);
      const forge = (from: OverlayHost, text: string) =>
        send(from.namespace, cluster.host(1), encapsulated(5000, a, text));
      const hears = (text: string) => eventually(() => assert.ok(server.heard.has(text), text));
      await cluster.join(cluster.host(2), network, usual(3));
      await forge(stranger, "a stranger's");
      await forge(cluster.host(2), "a peer's");
      await hears("a peer's");
      assert.ok(!server.heard.has("a stranger's"));
      // A host that has no endpoint in the network yet, and is about to.
      a.host.driver.discoverNew({ ...stranger.place, name: "host3" }, false);
      await forge(stranger, "a host's");
      await hears("a host's");
      a.host.driver.discoverDelete({ ...stranger.place, name: "host3" });
      await forge(stranger, "one's that went");
      await forge(cluster.host(2), "last");
      await hears("last");
      assert.ok(!server.heard.has("one's that went"));
    });

    it("believes those that it knew before a restart, until it is told", async () => {
      await using cluster = new OverlayCluster({ hosts: 3, family });
      const network = await cluster.newNetwork({ options: { vxlanIds: 5000 } });
      const a = await cluster.join(cluster.host(1), network, usual(2));
      const b = await cluster.join(cluster.host(2), network, usual(3));
      const host = cluster.host(1);
      await host.driver.close();
      host.driver = host.openDriver();
      host.driver.restoreNetwork(network.spec, network.state);
      await host.driver.restoreEndpoint(a.spec, { bindings: [] }, true);
      host.driver.restored();
      assert.ok(await canPing(b.namespace, "10.7.0.2"), "the cluster has told of nobody");
      await host.driver.health.mendNetwork(network.spec.id);
      assert.ok(await canPing(b.namespace, "10.7.0.2"), "what is mended meanwhile keeps what is there");
      await using server = await serve(a.namespace, { protocol: "udp", port: 80 });
      await send(cluster.host(3).namespace, host, encapsulated(5000, a, "a stranger's"));
      await send(cluster.host(2).namespace, host, encapsulated(5000, a, "a peer's"));
      await eventually(() => assert.ok(server.heard.has("a peer's")));
      host.driver.settlePeers(network.spec.id, [b.peer]);
      assert.ok(await canPing(b.namespace, "10.7.0.2"));
      host.driver.settlePeers(network.spec.id, []);
      await send(cluster.host(2).namespace, host, encapsulated(5000, a, "no peer's any more"));
      host.driver.settlePeers(network.spec.id, [b.peer]);
      await send(cluster.host(2).namespace, host, encapsulated(5000, a, "last"));
      await eventually(() => assert.ok(server.heard.has("last")));
      assert.deepEqual([...server.heard].sort(), ["a peer's", "last"]);
    });

    it("leaves other people's tunnels and rules alone", async () => {
      await using cluster = new OverlayCluster({ hosts: 3, family });
      const host = cluster.host(1);
      using nft = new NftContext(host.namespace);
      nft.run("table inet mine { chain in { type filter hook input priority 0; udp dport 4789 counter; }; }");
      const network = await cluster.newNetwork({ options: { vxlanIds: 5000 } });
      await using theirs = await serve(host.namespace, {
        protocol: "udp",
        address: family === 4 ? "0.0.0.0" : "::",
        port: 4790,
      });
      const a = await cluster.join(host, network, usual(2));
      const listing = () => nft.run("list table inet mine").replace(/packets.*/, "");
      const before = listing();
      const socket = openUdp(cluster.host(3).namespace, family === 4 ? "0.0.0.0" : "::", 0);
      socket.send(encapsulated(5000, a, "x"), 4790, host.address);
      await eventually(() => assert.equal(theirs.heard.size, 1));
      socket.close();
      cluster.leave(a);
      await host.driver.deleteNetwork(network.spec.id);
      await host.reaper.drain();
      assert.equal(listing(), before);
      const ours = nft.run("list table inet causeway");
      assert.match(ours, /set tunnels \{\s*typeof [^\n]*\n\s*\}/, "nothing is left of it");
      assert.match(ours, /set tunnel_ids \{\s*typeof [^\n]*\n\s*\}/);
    });
  });
