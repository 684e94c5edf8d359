/**
 * The network that tunnels run over, as this host has it: how much fits through.
 */
import { address, link, type Rtnl } from "@causeway/kernel";
import { parseIp } from "../../address/ip.ts";
import type { TunnelCipher } from "../../contracts/overlay.ts";

/** Outer IP header, UDP (8), VXLAN (8: RFC 7348) and the inner Ethernet header (14). */
const overhead = { 4: 20 + 8 + 8 + 14, 6: 40 + 8 + 8 + 14 } as const;

/** RFC 894: what an Ethernet carries, where nobody knows better. */
const usualMtu = 1500;

/**
 * Bytes of an inner packet that fit through, where the host's tunnels end at this address.
 *
 * @param cipher encrypts them
 */
export function tunnelMtu(rtnl: Rtnl, hostAddress: string, cipher: TunnelCipher | undefined): number {
  const { family } = parseIp(hostAddress);
  const outer = underlayMtu(rtnl, hostAddress);
  return outer - overhead[family] - (cipher?.overhead(outer) ?? 0);
}

/** MTU of the link that has the address. */
function underlayMtu(rtnl: Rtnl, hostAddress: string): number {
  const wanted = parseIp(hostAddress);
  const found = rtnl
    .dump(address.list({ family: wanted.family }))
    .find((one) => parseIp(one.address).equals(wanted));
  if (found === undefined) return usualMtu;
  const { mtu = usualMtu } = rtnl.query(link.get({ index: found.link }));
  return mtu;
}
