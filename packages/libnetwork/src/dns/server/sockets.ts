/**
 * A sandbox's sockets, at 127.0.0.11 in its namespace, and the rules that lead port 53 to them: the sandbox's own port 53 stays free.
 */
import {
  bindUdp,
  InetSockaddr,
  isKernelError,
  listenTcp,
  NetNamespace,
  type OwnedFd,
  rewritePort,
} from "@causeway/kernel";
import { parseIp } from "../../address/ip.ts";
import { resolverAddress } from "../resolv-conf.ts";

const address = new InetSockaddr(parseIp(resolverAddress).bytes(), resolverAddress);
/** Of nf_tables, in the sandbox. */
const table = "causeway_names";
const dnsPort = 53;
const backlog = 128;
/** Bytes of questions that may wait. */
const receiveBuffer = 1 << 20;
/** Above what the kernel gives out by itself (net.ipv4.ip_local_port_range). */
const firstPort = 61_000;
const ports = 65_536 - firstPort;
/** How many ports are tried. */
const tries = 32;

export interface SandboxSockets {
  readonly namespace: NetNamespace;
  readonly udp: OwnedFd;
  readonly tcp: OwnedFd;
}

/**
 * The port is of the sandbox's choosing: one that opens again has the same, and connections that the kernel tracks find it.
 *
 * @throws KernelError
 */
export function openSockets(sandboxId: string, namespacePath: string, owner: string): SandboxSockets {
  using opened = new DisposableStack();
  const namespace = opened.use(NetNamespace.open(namespacePath));
  const { udp, tcp } = namespace.run(() => {
    const { port, ...sockets } = bindBoth(sandboxId);
    opened.use(sockets.udp);
    opened.use(sockets.tcp);
    rewritePort({ table, owner, address: resolverAddress, port: dnsPort, to: port });
    return sockets;
  });
  opened.move();
  return { namespace, udp, tcp };
}

function bindBoth(sandboxId: string): { port: number; udp: OwnedFd; tcp: OwnedFd } {
  const start = Number.parseInt(sandboxId.slice(0, 8), 16) % ports;
  for (let attempt = 0; ; attempt++) {
    const port = firstPort + ((start + attempt) % ports);
    try {
      using udp = new DisposableStack();
      const datagrams = udp.use(bindUdp(address, port, { receiveBuffer }));
      const tcp = listenTcp(address, port, { backlog });
      udp.move();
      return { port, udp: datagrams, tcp };
    } catch (error) {
      if (!isKernelError(error, "EADDRINUSE") || attempt === tries) throw error;
    }
  }
}
