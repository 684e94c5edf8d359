/**
 * Anti-spoofing with frames made by hand: what a port may send, and what it may not, seen from its neighbour. The same
 * frames all arrive where the port is not guarded, so that a frame that is merely malformed proves nothing.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fdb, ipToBytes, link, macToBytes, writeSysctl } from "@causeway/kernel";
import { eventually } from "../../../../test/support/eventually.ts";
import {
  arp,
  BROADCAST,
  ETHERTYPE,
  FrameSocket,
  frame,
  icmpv6,
  ipPacket,
  udp,
} from "../../../../test/support/frames.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { addressIn, bridgeOf, type Sandbox, Stage } from "./test-support.ts";

const own = {
  mac: "02:00:00:00:01:02",
  ipv4: addressIn(1, 4, 2),
  ipv6: addressIn(1, 6, 2),
  linkLocal: "fe80::2",
};
const victim = { mac: "02:00:00:00:01:03", ipv4: addressIn(1, 4, 3), ipv6: addressIn(1, 6, 3) };
const gateway = { mac: "02:00:00:00:01:01", ipv4: addressIn(1, 4, 1), ipv6: addressIn(1, 6, 1) };
const allNodes = "ff02::1";

const multicastMac = (address: string) => {
  const group = ipToBytes(address).subarray(12);
  return `33:33:${Array.from(group, (byte) => byte.toString(16).padStart(2, "0")).join(":")}`;
};

const datagram = udp(4000, 4000, Buffer.from("hello"));

// To everybody, for a bridge that has believed a stolen MAC takes no more to its owner.
const ipv4 = (source: string, from = own.mac) =>
  frame(
    BROADCAST,
    from,
    ETHERTYPE.ipv4,
    ipPacket({ source, destination: victim.ipv4, protocol: 17, payload: datagram }),
  );
const ipv6 = (source: string, from = own.mac) =>
  frame(
    BROADCAST,
    from,
    ETHERTYPE.ipv6,
    ipPacket({ source, destination: victim.ipv6, protocol: 17, payload: datagram }),
  );
const dhcp = (source: string, port = 68) =>
  frame(
    BROADCAST,
    own.mac,
    ETHERTYPE.ipv4,
    ipPacket({
      source,
      destination: "255.255.255.255",
      protocol: 17,
      payload: udp(port, 67, Buffer.alloc(20)),
    }),
  );
const asked = (senderMac: string, senderAddress: string, operation: 1 | 2 = 1, from = own.mac) =>
  frame(
    BROADCAST,
    from,
    ETHERTYPE.arp,
    arp({ operation, senderMac, senderAddress, targetAddress: victim.ipv4 }),
  );

// RFC 4861, RFC 3810
const types = {
  mldQuery: 130,
  routerSolicit: 133,
  routerAdvert: 134,
  solicit: 135,
  advert: 136,
  redirect: 137,
  mld2: 143,
};
const message = (source: string, destination: string, type: number, body: Uint8Array, from = own.mac) =>
  frame(multicastMac(destination), from, ETHERTYPE.ipv6, icmpv6(source, destination, type, body));
/** Four bytes of flags, the target, and an option with a MAC. */
const target = (address: string, mac = own.mac) =>
  Buffer.concat([Buffer.from([0x20, 0, 0, 0]), ipToBytes(address), Buffer.from([2, 1]), macToBytes(mac)]);

/** A router advertisement behind a hop-by-hop header, where a look at the fixed header does not find it. */
function hiddenAdvertisement(): Buffer {
  const plain = icmpv6(own.linkLocal, allNodes, types.routerAdvert, Buffer.alloc(12)).subarray(40);
  const hopByHop = Buffer.from([58, 0, 1, 4, 0, 0, 0, 0]);
  const packet = {
    source: own.linkLocal,
    destination: allNodes,
    protocol: 0,
    payload: Buffer.concat([hopByHop, plain]),
  };
  return frame(multicastMac(allNodes), own.mac, ETHERTYPE.ipv6, ipPacket(packet));
}

/** A query for multicast listeners behind an authentication header: nft looks no further, a bridge that snoops does. */
function hiddenQuery(): Buffer {
  const plain = icmpv6(own.linkLocal, allNodes, types.mldQuery, Buffer.alloc(20)).subarray(40);
  const hopByHop = Buffer.from([51, 0, 5, 2, 0, 0, 1, 0]);
  const authentication = Buffer.concat([Buffer.from([58, 2]), Buffer.alloc(14)]);
  const payload = Buffer.concat([hopByHop, authentication, plain]);
  const packet = { source: own.linkLocal, destination: allNodes, protocol: 0, payload };
  return frame(multicastMac(allNodes), own.mac, ETHERTYPE.ipv6, ipPacket(packet));
}

/** The first fragment of an advertisement, without the target: the rest comes in another, which says even less. */
function cutAdvertisement(): Buffer {
  const whole = icmpv6(own.ipv6, allNodes, types.advert, target(victim.ipv6)).subarray(40);
  const more = 1;
  const payload = Buffer.concat([Buffer.from([58, 0, 0, more, 0, 0, 0, 7]), whole.subarray(0, 8)]);
  const packet = { source: own.ipv6, destination: allNodes, protocol: 44, payload };
  return frame(multicastMac(allNodes), own.mac, ETHERTYPE.ipv6, ipPacket(packet));
}

/** IGMPv2's general query, RFC 2236. */
const igmpQuery = () =>
  frame(
    BROADCAST,
    own.mac,
    ETHERTYPE.ipv4,
    ipPacket({
      source: own.ipv4,
      destination: "224.0.0.1",
      protocol: 2,
      payload: Buffer.from([0x11, 100, 0xee, 0x9b, 0, 0, 0, 0]),
    }),
  );

function tagged(inner: Buffer): Buffer {
  return Buffer.concat([inner.subarray(0, 12), Buffer.from([0x81, 0, 0, 1]), inner.subarray(12)]);
}

const allowed: Readonly<Record<string, Buffer>> = {
  "IPv4 from its address": ipv4(own.ipv4),
  "IPv6 from its address": ipv6(own.ipv6),
  "IPv6 from its link-local address": ipv6(own.linkLocal),
  "an ARP request": asked(own.mac, own.ipv4),
  "an ARP answer": asked(own.mac, own.ipv4, 2),
  "an ARP probe (RFC 5227)": asked(own.mac, "0.0.0.0"),
  "DHCP from 0.0.0.0": dhcp("0.0.0.0"),
  "a neighbour solicitation": message(own.ipv6, "ff02::1:ff00:3", types.solicit, target(victim.ipv6)),
  "an advertisement for itself": message(own.ipv6, allNodes, types.advert, target(own.ipv6)),
  "an advertisement for its link-local address": message(
    own.linkLocal,
    allNodes,
    types.advert,
    target(own.linkLocal),
  ),
  "duplicate address detection": message("::", "ff02::1:ff00:2", types.solicit, target(own.ipv6)),
  "a multicast report from ::": message("::", "ff02::16", types.mld2, Buffer.alloc(4)),
  "a router solicitation": message(own.linkLocal, "ff02::2", types.routerSolicit, Buffer.alloc(4)),
};

const refused: Readonly<Record<string, Buffer>> = {
  "IPv4 from another MAC": ipv4(own.ipv4, "02:00:00:00:01:99"),
  "IPv4 from the neighbour's MAC": ipv4(own.ipv4, victim.mac),
  "IPv4 from the neighbour's address": ipv4(victim.ipv4),
  "IPv4 from the gateway's address": ipv4(gateway.ipv4),
  "IPv4 from outside": ipv4("192.0.2.9"),
  "0.0.0.0 from another port": dhcp("0.0.0.0", 69),
  "DHCP from the neighbour's address": dhcp(victim.ipv4),
  "IPv6 from another MAC": ipv6(own.ipv6, "02:00:00:00:01:99"),
  "IPv6 from the neighbour's address": ipv6(victim.ipv6),
  "IPv6 from the gateway's address": ipv6(gateway.ipv6),
  "UDP from ::": ipv6("::"),
  "an advertisement cut before its target": cutAdvertisement(),
  "a query for IPv6 multicast listeners": message(own.linkLocal, allNodes, types.mldQuery, Buffer.alloc(20)),
  "a query for IPv4 multicast listeners": igmpQuery(),
  "ARP with the gateway's address": asked(own.mac, gateway.ipv4),
  "an ARP answer with the gateway's address": asked(own.mac, gateway.ipv4, 2),
  "ARP with another sender MAC inside": asked(victim.mac, own.ipv4),
  "ARP from another MAC": asked(own.mac, own.ipv4, 1, victim.mac),
  "an ARP answer from 0.0.0.0": asked(own.mac, "0.0.0.0", 2),
  "an advertisement for the gateway": message(own.ipv6, allNodes, types.advert, target(gateway.ipv6)),
  "an advertisement in the gateway's name": message(gateway.ipv6, allNodes, types.advert, target(own.ipv6)),
  "duplicate address detection of the neighbour's": message(
    "::",
    "ff02::1:ff00:3",
    types.solicit,
    target(victim.ipv6),
  ),
  "duplicate address detection from another MAC": message(
    "::",
    "ff02::1:ff00:2",
    types.solicit,
    target(own.ipv6),
    victim.mac,
  ),
  "a solicitation in the neighbour's name": message(
    victim.ipv6,
    "ff02::1:ff00:2",
    types.solicit,
    target(own.ipv6),
  ),
  "a multicast report in the neighbour's name": message(victim.ipv6, "ff02::16", types.mld2, Buffer.alloc(4)),
  "a router advertisement": message(own.linkLocal, allNodes, types.routerAdvert, Buffer.alloc(12)),
  "a router advertisement behind an extension header": hiddenAdvertisement(),
  "a query for listeners behind an authentication header": hiddenQuery(),
  "a redirect": message(own.linkLocal, allNodes, types.redirect, Buffer.alloc(36)),
  "an honest packet in a VLAN": tagged(ipv4(own.ipv4)),
  "a spoofed packet in a VLAN": tagged(ipv4(victim.ipv4)),
  "another type of frame": frame(BROADCAST, own.mac, 0x88b5, Buffer.from("experimental")),
};

/** What arrives at the neighbour, of frames that its neighbour sends; those that have to arrive are waited for. */
async function arriving(
  sender: Sandbox,
  receiver: Sandbox,
  frames: Readonly<Record<string, Buffer>>,
  expected: readonly string[],
): Promise<string[]> {
  using from = new FrameSocket(sender.namespace, "eth0");
  using to = new FrameSocket(receiver.namespace, "eth0");
  // Bytes behind the packet, which nobody looks at, tell one frame from another.
  const token = (name: string) => `<${name}>`;
  const send = (name: string, bytes: Buffer) => from.send(Buffer.concat([bytes, Buffer.from(token(name))]));
  for (const [name, bytes] of Object.entries(frames)) send(name, bytes);
  // Frames of one port stay in order: once this honest one is there, so is all that will come.
  send("the last", ipv4(own.ipv4));
  const seen = await to.receivedUntil(...[...expected, "the last"].map(token));
  return Object.keys(frames).filter((name) => seen.some((bytes) => bytes.includes(token(name))));
}

describe("anti-spoofing", () => {
  checkLeaks();

  async function open(guarded: boolean) {
    const stage = await Stage.open();
    stage.host.setBridgeFilter(false);
    const [sender, receiver] = await stage.addNetwork(1, 2);
    assert.ok(sender && receiver);
    const addresses = [own.ipv4, own.ipv6, own.linkLocal];
    stage.firewall.apply({ add: { ports: [{ ...sender.port, addresses, guarded }] } });
    return { stage, sender, receiver };
  }

  it("lets through what is a port's own", async () => {
    const { stage, sender, receiver } = await open(true);
    await using _ = stage;
    assert.deepEqual(await arriving(sender, receiver, allowed, Object.keys(allowed)), Object.keys(allowed));
  });

  it("drops what is not", async () => {
    const { stage, sender, receiver } = await open(true);
    await using _ = stage;
    assert.deepEqual(await arriving(sender, receiver, refused, []), []);
  });

  it("leaves a port alone that is not guarded", async () => {
    const { stage, sender, receiver } = await open(false);
    await using _ = stage;
    assert.deepEqual(await arriving(sender, receiver, refused, Object.keys(refused)), Object.keys(refused));
  });

  for (const apart of [true, false]) {
    it(`${apart ? "keeps frames of a port apart from its neighbours" : "lets them pass where it is not apart"}`, async () => {
      const { stage, sender, receiver } = await open(true);
      await using _ = stage;
      stage.firewall.apply({ add: { ports: [{ ...sender.port, apart }] } });
      using from = new FrameSocket(sender.namespace, "eth0");
      using atNeighbour = new FrameSocket(receiver.namespace, "eth0");
      // Nobody keeps a frame for the gateway from the host. Once the host has it and has answered, all is there that will come.
      using atHost = new FrameSocket(stage.host.namespace, bridgeOf(1));
      const to = (mac: string) => {
        const payload = udp(4000, 4000, Buffer.from(`for ${mac}`));
        const packet = { source: own.ipv4, destination: victim.ipv4, protocol: 17, payload };
        return frame(mac, own.mac, ETHERTYPE.ipv4, ipPacket(packet));
      };
      const destinations = [victim.mac, "02:00:00:00:01:77", BROADCAST, "01:00:5e:00:00:fb"];
      for (const mac of [...destinations, gateway.mac]) from.send(to(mac));
      await atHost.receivedUntil(`for ${gateway.mac}`);
      atHost.send(frame(victim.mac, gateway.mac, 0x88b5, Buffer.from("the last")));
      const expected = apart ? [] : destinations.map((mac) => `for ${mac}`);
      const seen = await atNeighbour.receivedUntil(...expected, "the last");
      assert.deepEqual(
        destinations.filter((mac) => seen.some((bytes) => bytes.includes(`for ${mac}`))),
        apart ? [] : destinations,
      );
    });
  }

  for (const destination of ["01:80:c2:00:00:03", "01:80:c2:00:00:0e"]) {
    it(`keeps the bridge from learning a stolen MAC by a frame for ${destination}`, async () => {
      const guarded = await openForTheft(true);
      await using _guarded = guarded;
      await guarded.steal(destination);
      assert.equal(guarded.owner(), "veth2");
      const open = await openForTheft(false);
      await using _open = open;
      await open.steal(destination);
      await eventually(() => assert.equal(open.owner(), "veth1", "where the port is not guarded"));
    });
  }

  /** A bridge that knows that the victim is at veth2; its neighbour, at veth1, is to use its MAC. */
  async function openForTheft(guarded: boolean) {
    const { stage, sender, receiver } = await open(guarded);
    // The victim's own kernel, which tells now and then which groups it listens to, would put the bridge right again.
    receiver.namespace.run(() => writeSysctl("net/ipv6/conf/eth0/disable_ipv6", 1));
    const { rtnl } = stage.host;
    /** The port behind which the bridge thinks that the victim is. */
    const owner = () => {
      const entry = rtnl.dump(fdb.list()).find(({ mac, table }) => mac === victim.mac && table === "master");
      return rtnl.dump(link.list()).find(({ index }) => index === entry?.link)?.name;
    };
    using honest = new FrameSocket(receiver.namespace, "eth0");
    honest.send(asked(victim.mac, victim.ipv4, 1, victim.mac));
    await eventually(() => assert.equal(owner(), "veth2", "what the victim sends is learned"));
    return {
      owner,
      async steal(destination: string): Promise<void> {
        using thief = new FrameSocket(sender.namespace, "eth0");
        using neighbour = new FrameSocket(receiver.namespace, "eth0");
        thief.send(frame(destination, victim.mac, 0x88cc, Buffer.alloc(8)));
        // Frames of one port stay in order: once this honest one is there, the bridge has seen the other.
        thief.send(Buffer.concat([ipv4(own.ipv4), Buffer.from("<the last>")]));
        await neighbour.receivedUntil("<the last>");
      },
      [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
    };
  }
});
