// Frames that an endpoint may send, and frames that it must not, told from its own by a mark.

import { ipToBytes } from "@causeway/kernel";
import { arp, ETHERTYPE, frame, icmpv6, ipPacket, udp } from "../support/frames.ts";

export interface Station {
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly linkLocal: string;
}

export interface Cast {
  /** Who sends. */
  readonly own: Station;
  /** Who is to be deceived. */
  readonly victim: Station;
  /** Whose name is taken in vain. */
  readonly third: Station;
  readonly gateway: Station;
}

export interface FrameRow {
  readonly what: string;
  /** Whether an endpoint may send it. */
  readonly honest: boolean;
  readonly frame: FrameOf;
}

/** Makes a frame for the MAC `to`; `mark` is somewhere in it, for finding it again. */
type FrameOf = (cast: Cast, to: string, mark: Buffer) => Buffer;

const may = (what: string, frameOf: FrameOf): FrameRow => ({ what, honest: true, frame: frameOf });
const mayNot = (what: string, frameOf: FrameOf): FrameRow => ({
  what,
  honest: false,
  frame: frameOf,
});

type From = (cast: Cast) => string;
const from = (who: keyof Cast): Readonly<Record<keyof Station, From>> => ({
  mac: (cast) => cast[who].mac,
  ipv4: (cast) => cast[who].ipv4,
  ipv6: (cast) => cast[who].ipv6,
  linkLocal: (cast) => cast[who].linkLocal,
});
const own = from("own");
const victim = from("victim");
const third = from("third");
const gateway = from("gateway");
/** Addresses that nobody has. */
const nobody = { mac: () => "02:00:5e:00:00:99", ipv4: () => "203.0.113.9", ipv6: () => "2001:db8:99::9" };
/** What those say who have no address yet. */
const nothing = { ipv4: () => "0.0.0.0", ipv6: () => "::" };

const ipv4 =
  (source: From, mac: From = own.mac): FrameOf =>
  (cast, to, mark) =>
    frame(to, mac(cast), ETHERTYPE.ipv4, datagram(source(cast), cast.victim.ipv4, mark));
const ipv6 =
  (source: From, mac: From = own.mac): FrameOf =>
  (cast, to, mark) =>
    frame(to, mac(cast), ETHERTYPE.ipv6, datagram(source(cast), cast.victim.ipv6, mark));

function datagram(source: string, destination: string, mark: Buffer): Buffer {
  return ipPacket({ source, destination, protocol: 17, payload: udp(5000, 5000, mark) });
}

/** DHCPDISCOVER comes from no address. */
const fromNoAddress =
  (sourcePort: number, destinationPort: number): FrameOf =>
  ({ own }, to, mark) => {
    const payload = udp(sourcePort, destinationPort, mark);
    const packet = ipPacket({ source: "0.0.0.0", destination: "255.255.255.255", protocol: 17, payload });
    return frame(to, own.mac, ETHERTYPE.ipv4, packet);
  };

/** The mark is in the padding. */
const arpOf =
  (operation: 1 | 2, senderAddress: From, senderMac: From = own.mac): FrameOf =>
  (cast, to, mark) => {
    const { own, victim } = cast;
    const claim = { senderMac: senderMac(cast), senderAddress: senderAddress(cast) };
    const message = arp({ operation, ...claim, targetAddress: victim.ipv4 });
    return frame(to, own.mac, ETHERTYPE.arp, Buffer.concat([message, mark]));
  };

// RFC 4861 and, for the option that holds the mark, RFC 3971 section 5.3.2 (nonce).
const nd = {
  routerSolicitation: 133,
  routerAdvertisement: 134,
  solicitation: 135,
  advertisement: 136,
  redirect: 137,
};

function ndPacket(source: string, type: number, body: Uint8Array, mark: Buffer): Buffer {
  const nonce = Buffer.concat([Buffer.from([14, 2]), mark]);
  return icmpv6(source, "ff02::1", type, Buffer.concat([body, nonce]));
}

const ndOf =
  (source: From, type: number, body: (cast: Cast) => Uint8Array): FrameOf =>
  (cast, to, mark) =>
    frame(to, cast.own.mac, ETHERTYPE.ipv6, ndPacket(source(cast), type, body(cast), mark));

/** Flags or nothing, and the address that it is about. */
const about =
  (target: From) =>
  (cast: Cast): Buffer =>
    Buffer.concat([Buffer.alloc(4), ipToBytes(target(cast))]);
const solicitationBody = () => Buffer.alloc(4);
/** Hop limit 64, a router for 1,800 seconds, other values as they are. */
const routerBody = () => Buffer.from([64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0]);
const redirectBody = ({ own }: Cast) =>
  Buffer.concat([Buffer.alloc(4), ipToBytes(own.linkLocal), ipToBytes(nobody.ipv6())]);

/** Neighbour discovery behind an extension header. */
const hidden =
  (protocol: number, header: readonly number[], type: number, body: (cast: Cast) => Uint8Array): FrameOf =>
  (cast, to, mark) => {
    const { mac, linkLocal } = cast.own;
    const plain = ndPacket(linkLocal, type, body(cast), mark);
    const payload = Buffer.concat([Buffer.from(header), plain.subarray(40)]);
    const packet = ipPacket({ source: linkLocal, destination: "ff02::1", protocol, payload });
    return frame(to, mac, ETHERTYPE.ipv6, packet);
  };
// RFC 8200: destination options with nothing but padding, and a fragment that is the whole packet. ICMPv6 (58) follows.
const options = [60, [58, 0, 1, 4, 0, 0, 0, 0]] as const;
const fragment = [44, [58, 0, 0, 0, 0, 0, 0, 1]] as const;

/** A frame of one's own in a VLAN tag: nobody can check what it says of itself. */
const tagged =
  (type: number, vlan: number, source: From): FrameOf =>
  (cast, to, mark) => {
    const inner = frame(to, cast.own.mac, ETHERTYPE.ipv4, datagram(source(cast), cast.victim.ipv4, mark));
    const tag = Buffer.from([vlan >> 8, vlan & 0xff]);
    return frame(to, cast.own.mac, type, Buffer.concat([tag, inner.subarray(12)]));
  };

const otherType =
  (type: number): FrameOf =>
  ({ own }, to, mark) =>
    frame(to, own.mac, type, mark);

export const frameRows: readonly FrameRow[] = [
  mayNot("another MAC", ipv4(own.ipv4, nobody.mac)),
  mayNot("the MAC of another endpoint", ipv4(own.ipv4, third.mac)),
  mayNot("MAC and IPv4 of another endpoint", ipv4(third.ipv4, third.mac)),
  mayNot("IPv4 of another endpoint", ipv4(third.ipv4)),
  mayNot("IPv4 of the gateway", ipv4(gateway.ipv4)),
  mayNot("IPv4 of nobody", ipv4(nobody.ipv4)),
  mayNot("no IPv4 address, and not DHCP", fromNoAddress(5000, 5000)),
  may("DHCPDISCOVER", fromNoAddress(68, 67)),
  may("its own IPv4", ipv4(own.ipv4)),

  mayNot("IPv6 from another MAC", ipv6(own.ipv6, nobody.mac)),
  mayNot("IPv6 of another endpoint", ipv6(third.ipv6)),
  mayNot("link-local IPv6 of another endpoint", ipv6(third.linkLocal)),
  mayNot("IPv6 of the gateway", ipv6(gateway.ipv6)),
  mayNot("IPv6 of nobody", ipv6(nobody.ipv6)),
  mayNot("no IPv6 address, and not neighbour discovery", ipv6(nothing.ipv6)),
  may("its own IPv6", ipv6(own.ipv6)),
  may("its own link-local IPv6", ipv6(own.linkLocal)),

  mayNot("ARP request as another endpoint", arpOf(1, third.ipv4)),
  mayNot("ARP reply as another endpoint", arpOf(2, third.ipv4)),
  mayNot("ARP reply as the gateway", arpOf(2, gateway.ipv4)),
  mayNot("ARP reply with another MAC inside", arpOf(2, own.ipv4, third.mac)),
  mayNot("ARP reply of no address", arpOf(2, nothing.ipv4)),
  may("ARP probe", arpOf(1, nothing.ipv4)),
  may("ARP request", arpOf(1, own.ipv4)),
  may("ARP reply", arpOf(2, own.ipv4)),

  mayNot("advertisement of another endpoint's address", ndOf(own.ipv6, nd.advertisement, about(third.ipv6))),
  mayNot("advertisement of the gateway", ndOf(own.linkLocal, nd.advertisement, about(gateway.ipv6))),
  mayNot("advertisement as another endpoint", ndOf(third.ipv6, nd.advertisement, about(third.ipv6))),
  mayNot(
    "advertisement of the gateway behind options",
    hidden(...options, nd.advertisement, about(gateway.ipv6)),
  ),
  mayNot("DAD of another endpoint's address", ndOf(nothing.ipv6, nd.solicitation, about(third.ipv6))),
  mayNot("solicitation as another endpoint", ndOf(third.ipv6, nd.solicitation, about(victim.ipv6))),
  mayNot("router advertisement", ndOf(own.linkLocal, nd.routerAdvertisement, routerBody)),
  mayNot("router advertisement behind options", hidden(...options, nd.routerAdvertisement, routerBody)),
  mayNot("router advertisement in a fragment", hidden(...fragment, nd.routerAdvertisement, routerBody)),
  mayNot("redirect", ndOf(own.linkLocal, nd.redirect, redirectBody)),
  may("router solicitation", ndOf(own.linkLocal, nd.routerSolicitation, solicitationBody)),
  may("DAD of its own address", ndOf(nothing.ipv6, nd.solicitation, about(own.ipv6))),
  may("solicitation", ndOf(own.ipv6, nd.solicitation, about(victim.ipv6))),
  may("advertisement of its own address", ndOf(own.ipv6, nd.advertisement, about(own.ipv6))),
  may("advertisement of its link-local address", ndOf(own.linkLocal, nd.advertisement, about(own.linkLocal))),

  mayNot("VLAN tag", tagged(ETHERTYPE.vlan, 5, own.ipv4)),
  mayNot("VLAN tag of VLAN 0, IPv4 of another endpoint", tagged(ETHERTYPE.vlan, 0, third.ipv4)),
  mayNot("service VLAN tag (802.1ad)", tagged(0x88a8, 5, own.ipv4)),
  mayNot("RARP", otherType(0x8035)),
  mayNot("LLDP", otherType(0x88cc)),
  mayNot("a length in the place of a type (802.3)", otherType(60)),
];
