/** VXLAN tunnels: linux/if_link.h, IFLA_VXLAN_*; RFC 7348. */
import { attrs } from "../../../codec/attrs.ts";
import { bool8, flag, u8, u16be, u32, u32be } from "../../../codec/codec.ts";
import { ip } from "../../../codec/inet.ts";
import { struct } from "../../../codec/struct.ts";

export const vxlan = attrs({
  /** VXLAN network identifier (VNI), 24 bits. */
  id: [1, u32],
  /** IPv4 address of the other end, or the multicast group of all of them. */
  remote: [2, ip],
  /** Index of the link that the tunnel's packets leave by. */
  link: [3, u32],
  /** IPv4 source address of the tunnel's packets. */
  local: [4, ip],
  /** 0: as the inner packet's. */
  timeToLive: [5, u8],
  typeOfService: [6, u8],
  /** Learn which remote has which MAC from packets that come in. Kernel default: true. */
  learning: [7, bool8],
  /** Seconds that a learnt MAC is kept. */
  ageing: [8, u32],
  /** Most learnt MACs; 0: no limit. */
  limit: [9, u32],
  /** UDP source ports. */
  sourcePorts: [10, struct({ low: u16be, high: u16be })],
  /** Answer ARP and ND from the neighbour table instead of sending them through the tunnel. */
  proxy: [11, bool8],
  routeShortCircuit: [12, bool8],
  /** Tell by RTM_GETNEIGH when a MAC, or an address, has no entry. */
  l2Miss: [13, bool8],
  l3Miss: [14, bool8],
  /** UDP destination port. Kernel default: 8472; RFC 7348 says 4789. */
  port: [15, u16be],
  remote6: [16, ip],
  local6: [17, ip],
  udpChecksum: [18, bool8],
  udpZeroChecksum6Transmit: [19, bool8],
  udpZeroChecksum6Receive: [20, bool8],
  /** Group policy extension. */
  groupPolicy: [23, flag],
  /** Take the tunnel's end from each packet's metadata: one device for all VNIs. */
  collectMetadata: [25, bool8],
  /** IPv6 flow label. */
  flowLabel: [26, u32be],
});
