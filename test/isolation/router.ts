// Router advertisements (RFC 4861), sent by hand.

import { link, type NetNamespace, Rtnl, route } from "@causeway/kernel";
import { linkLocalAddress } from "../../packages/libnetwork/src/address/link-local.ts";
import { ETHERTYPE, FrameSocket, frame, icmpv6 } from "../support/frames.ts";

const allNodes = { mac: "33:33:00:00:00:01", address: "ff02::1" };
const advertisementType = 134;
/** Hop limit 64, a router for 1,800 seconds, other values as they are. */
const body = Buffer.from([64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0]);

/** Says on a link that there is a router with this MAC; answers its address. */
export function advertiseRouter(namespace: NetNamespace, mac: string): string {
  using socket = new FrameSocket(namespace, "eth0");
  const source = linkLocalAddress(mac);
  const packet = icmpv6(source, allNodes.address, advertisementType, body);
  socket.send(frame(allNodes.mac, mac, ETHERTYPE.ipv6, packet));
  return source;
}

/** Gateways of IPv6 default routes by an interface. */
export function defaultRouters(namespace: NetNamespace, interfaceName: string): readonly string[] {
  using rtnl = new Rtnl(namespace);
  const { index } = rtnl.query(link.get({ name: interfaceName }));
  return rtnl
    .dump(route.list({ family: 6 }))
    .filter((item) => item.destination === "default" && item.link === index)
    .flatMap(({ gateway }) => gateway ?? []);
}
