// TCP and UDP ports that something listens on or is bound to: asked of the kernel by sock_diag(7), which looks at these alone,
// where /proc/net/tcp walks the table of all connections, 10 ms for each look.

import { bytesToIp, type NetNamespace } from "@causeway/kernel";
import type { ByteReader } from "../../packages/kernel/src/codec/bytes.ts";
import type { Query } from "../../packages/kernel/src/netlink/message.ts";
import { NetlinkSocket } from "../../packages/kernel/src/netlink/socket.ts";

// linux/netlink.h, linux/sock_diag.h, net/tcp_states.h, asm-generic/socket.h
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const TCP_CLOSE = 7;
const TCP_LISTEN = 10;

const families = { 4: 2 /* AF_INET */, 6: 10 /* AF_INET6 */ } as const;
/** IPPROTO_*, and the state of a socket that holds a port. */
const protocols = { tcp: [6, TCP_LISTEN], udp: [17, TCP_CLOSE] } as const;

/** Lines `port tcp 0.0.0.0:8080`. */
export function heldPorts(namespace: NetNamespace): string[] {
  using socket = new NetlinkSocket(NETLINK_SOCK_DIAG, namespace);
  return (["tcp", "udp"] as const).flatMap((protocol) =>
    ([4, 6] as const).flatMap((family) =>
      socket.dump(sockets(protocol, family)).map((address) => `port ${protocol} ${address}`),
    ),
  );
}

function sockets(protocol: keyof typeof protocols, family: 4 | 6): Query<string> {
  const [number, state] = protocols[protocol];
  return {
    operation: "SOCK_DIAG_BY_FAMILY",
    subject: `${protocol} of IPv${family}`,
    type: SOCK_DIAG_BY_FAMILY,
    flags: 0,
    /** struct inet_diag_req_v2, linux/inet_diag.h */
    body(to) {
      to.u8(families[family]);
      to.u8(number);
      to.u16(0);
      to.u32(1 << state);
      for (let word = 0; word < 12; word++) to.u32(0);
    },
    decode: (payload) => readAddress(payload, family),
  };
}

/** struct inet_diag_msg: family, state, timer, retransmissions; then struct inet_diag_sockid. */
function readAddress(payload: ByteReader, family: 4 | 6): string {
  payload.skip(4);
  const port = payload.u16be();
  payload.skip(2);
  const address = bytesToIp(payload.raw(family === 4 ? 4 : 16));
  return family === 4 ? `${address}:${port}` : `[${address}]:${port}`;
}
