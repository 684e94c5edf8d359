// What must not get anywhere: broadcast, multicast and frames for strangers leave no host, networks do not meet, nobody speaks in another's name.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { writeSysctl } from "@causeway/kernel";
import { arp, BROADCAST, ETHERTYPE, FrameSocket, frame, ipPacket, udp } from "../support/frames.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { type Member, OverlayCluster, type SharedNetwork, usual } from "../support/overlay-cluster.ts";
import { canPing } from "../support/traffic.ts";

interface Scene {
  readonly cluster: OverlayCluster;
  readonly network: SharedNetwork;
  readonly a: Member;
  readonly b: Member;
  /** On the host of `a`. */
  readonly beside: Member;
}

async function scene(cluster: OverlayCluster, options = {}): Promise<Scene> {
  const network = await cluster.newNetwork({ options });
  const a = await cluster.join(cluster.host(1), network, usual(2));
  const b = await cluster.join(cluster.host(2), network, usual(3));
  const beside = await cluster.join(cluster.host(1), network, usual(4));
  return { cluster, network, a, b, beside };
}

const ports = (text: string) => udp(1000, 2000, Buffer.from(text));

/** A frame of UDP, from `a` unless it is said otherwise. */
function message(
  to: string,
  text: string,
  { mac = usual(2).mac, source = "10.7.0.2", destination = "10.7.0.3" } = {},
) {
  const packet = ipPacket({ source, destination, protocol: 17, payload: ports(text) });
  return frame(to, mac, ETHERTYPE.ipv4, packet);
}

/** From host 1, by the tunnel's UDP port. */
function isTunnelled(bytes: Buffer): boolean {
  return bytes.includes(Buffer.from("c0000201c0000202", "hex")) && bytes.readUInt16BE(36) === 4789;
}

describe("an overlay network keeps to itself", () => {
  checkLeaks();

  it("no broadcast, no multicast and nothing for an unknown MAC leaves the host", async () => {
    await using cluster = new OverlayCluster();
    const { a, beside } = await scene(cluster);
    using wire = new FrameSocket(cluster.underlay.namespace, "port1");
    using neighbour = new FrameSocket(beside.namespace, "eth0");
    using sender = new FrameSocket(a.namespace, "eth0");
    sender.send(message(BROADCAST, "to everybody", { destination: "255.255.255.255" }));
    sender.send(message("01:00:5e:00:00:fb", "to a group", { destination: "224.0.0.251" }));
    sender.send(message("33:33:00:00:00:fb", "to a group of six"));
    sender.send(message("02:42:0a:07:00:63", "to a stranger"));
    const question = { operation: 1, senderMac: usual(2).mac, senderAddress: "10.7.0.2" } as const;
    sender.send(
      frame(BROADCAST, usual(2).mac, ETHERTYPE.arp, arp({ ...question, targetAddress: "10.7.0.99" })),
    );
    sender.send(message(usual(3).mac, "to a peer, at last"));
    const left = await wire.receivedUntil("to a peer, at last");
    assert.equal(left.filter(isTunnelled).length, 1, "one packet left the host: the last");
    const heard = await neighbour.receivedUntil("to everybody", "to a group");
    assert.ok(
      !heard.some((bytes) => bytes.includes("to a peer")),
      "what is for another host is shown to nobody here",
    );
  });

  it("two networks of the same subnet on the same hosts do not meet", async () => {
    await using cluster = new OverlayCluster();
    const one = await cluster.newNetwork();
    const two = await cluster.newNetwork();
    const a1 = await cluster.join(cluster.host(1), one, usual(2));
    await cluster.join(cluster.host(2), one, usual(3));
    const a2 = await cluster.join(cluster.host(1), two, usual(2));
    const c2 = await cluster.join(cluster.host(2), two, usual(5));
    assert.ok(await canPing(a1.namespace, "10.7.0.3"));
    assert.ok(await canPing(a2.namespace, "10.7.0.5"));
    assert.ok(await canPing(c2.namespace, "fd00:7::2"));
    assert.ok(!(await canPing(a1.namespace, "10.7.0.5")));
    assert.ok(!(await canPing(a2.namespace, "10.7.0.3")));
    assert.ok(!(await canPing(a2.namespace, "fd00:7::3")));
  });

  it("the network is not the host's: neither reaches the other", async () => {
    await using cluster = new OverlayCluster();
    const { a } = await scene(cluster);
    assert.ok(!(await canPing(cluster.host(1).namespace, "10.7.0.2")));
    assert.ok(!(await canPing(a.namespace, "192.0.2.1")));
  });

  it("a sandbox sends from its own MAC and addresses only, and takes no MAC of a peer", async () => {
    await using cluster = new OverlayCluster();
    const { a, b, beside } = await scene(cluster);
    using sender = new FrameSocket(a.namespace, "eth0");
    using receiver = new FrameSocket(b.namespace, "eth0");
    const to = usual(3).mac;
    sender.send(message(to, "forged MAC", { mac: usual(9).mac }));
    sender.send(message(to, "forged address", { source: "10.7.0.4" }));
    sender.send(
      message(usual(4).mac, "in a peer's name", { mac: to, source: "10.7.0.3", destination: "10.7.0.4" }),
    );
    sender.send(message(to, "honest"));
    const heard = await receiver.receivedUntil("honest");
    assert.ok(!heard.some((bytes) => bytes.includes("forged")));
    assert.ok(await canPing(beside.namespace, "10.7.0.3"));
  });

  it("without anti-spoofing a sandbox says what it likes, and still takes no MAC of a peer", async () => {
    await using cluster = new OverlayCluster();
    const { a, b, beside } = await scene(cluster, { antiSpoofing: false });
    using sender = new FrameSocket(a.namespace, "eth0");
    using receiver = new FrameSocket(b.namespace, "eth0");
    sender.send(message(usual(4).mac, "in a peer's name", { mac: usual(3).mac, source: "10.7.0.3" }));
    sender.send(message(usual(3).mac, "forged address", { source: "10.7.0.99" }));
    await receiver.receivedUntil("forged address");
    assert.ok(await canPing(beside.namespace, "10.7.0.3"));
  });

  it("without anti-spoofing a sandbox takes no MAC of another host's endpoint either", async () => {
    await using cluster = new OverlayCluster();
    const { a, b, beside } = await scene(cluster, { antiSpoofing: false });
    // Nothing that its kernel sends puts the bridge right again.
    beside.namespace.run(() => writeSysctl("net/ipv6/conf/eth0/disable_ipv6", 1));
    using thief = new FrameSocket(b.namespace, "eth0");
    using sender = new FrameSocket(a.namespace, "eth0");
    using owner = new FrameSocket(beside.namespace, "eth0");
    thief.send(message(usual(2).mac, "in its name", { mac: usual(4).mac, source: "10.7.0.4" }));
    await sender.receivedUntil("in its name");
    sender.send(message(usual(4).mac, "for the neighbour", { destination: "10.7.0.4" }));
    await owner.receivedUntil("for the neighbour");
  });

  // Of IEEE 802.1D: a bridge keeps frames for these groups to itself, and learns who sent them.
  for (const group of ["01:80:c2:00:00:03", "01:80:c2:00:00:0e"])
    it(`a sandbox takes no MAC of its neighbour by a frame for ${group}`, async () => {
      assert.equal(await stolenBy(group, {}), false);
      assert.equal(await stolenBy(group, { antiSpoofing: false }), true, "without anti-spoofing");
    });

  /** Whether `a` gets what is for the MAC of its neighbour after it sent a frame for that group in the neighbour's name. */
  async function stolenBy(group: string, options: object): Promise<boolean> {
    await using cluster = new OverlayCluster();
    const { a, b, beside } = await scene(cluster, options);
    // The neighbour's own kernel, which tells now and then which groups it listens to, would put the bridge right again.
    beside.namespace.run(() => writeSysctl("net/ipv6/conf/eth0/disable_ipv6", 1));
    using thief = new FrameSocket(a.namespace, "eth0");
    using neighbour = new FrameSocket(beside.namespace, "eth0");
    using peer = new FrameSocket(b.namespace, "eth0");
    const own = { mac: usual(4).mac, source: "10.7.0.4" };
    neighbour.send(message(usual(3).mac, "where it is", own));
    await peer.receivedUntil("where it is");
    thief.send(frame(group, usual(4).mac, 0x88cc, Buffer.alloc(8)));
    thief.send(message(usual(3).mac, "honest"));
    await peer.receivedUntil("honest");
    const sender = { mac: usual(3).mac, source: "10.7.0.3", destination: "10.7.0.4" };
    peer.send(message(usual(4).mac, "for the neighbour", sender));
    // By the same tunnel, and later: once it is there, the other is where it was going.
    peer.send(message(usual(2).mac, "the last", { ...sender, destination: "10.7.0.2" }));
    return (await thief.receivedUntil("the last")).some((bytes) => bytes.includes("for the neighbour"));
  }

  it("a peer that was removed is not reached any more, and nothing is sent to its host", async () => {
    await using cluster = new OverlayCluster();
    const { a, b, network } = await scene(cluster);
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
    cluster.host(1).driver.removePeer(network.spec.id, b.spec.id);
    cluster.host(1).driver.removePeer(network.spec.id, b.spec.id);
    using wire = new FrameSocket(cluster.underlay.namespace, "port1");
    assert.ok(!(await canPing(a.namespace, "10.7.0.3")));
    assert.ok(!(await canPing(a.namespace, "fd00:7::3")));
    assert.ok(!wire.received().some(isTunnelled));
  });
});
