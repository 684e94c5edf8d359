/**
 * The socket that holds a host port, so that nobody else gets it.
 *
 * A TCP socket has SO_REUSEADDR and listens. Without SO_REUSEADDR, connections in TIME_WAIT keep us from the port after a restart;
 * with it but only bound, any program that sets it too takes the port from us.
 * It is bound to the loopback interface as well. That does not change who may have the port, but what comes from the wire
 * and was not rewritten by the firewall is refused by the kernel, instead of waiting in a queue that nobody empties.
 */
import { bindUdp, isKernelError, LOOPBACK_IFINDEX, listenTcp, type OwnedFd, socket } from "@causeway/kernel";
import type { TransportProtocol } from "../contracts/firewall.ts";
import type { HostAddress } from "./host-address.ts";
import { heldByProgram, hostAddressNotFound, outOfDescriptors } from "./port-errors.ts";

const interfaceIndex = LOOPBACK_IFINDEX;
/** Connections wait here until the relay takes them up. */
const relayedBacklog = 511;

/**
 * Takes a port, in the namespace that the calling thread is in. SCTP ports are not held: the kernel may lack the protocol.
 *
 * @param relayed what arrives is wanted, sooner or later
 * @throws port_in_use, host_address_not_found, file_descriptors_exhausted
 */
export function openPortSocket(
  protocol: "tcp" | "udp",
  host: HostAddress,
  port: number,
  relayed: boolean,
): OwnedFd {
  try {
    if (protocol === "tcp") {
      return listenTcp(host.sockaddr, port, { interfaceIndex, backlog: relayed ? relayedBacklog : 0 });
    }
    // Nobody reads what strays into a socket that is not relayed: it need not keep much.
    return bindUdp(host.sockaddr, port, { interfaceIndex, ...(relayed ? {} : { receiveBuffer: 0 }) });
  } catch (error) {
    throw explain(error, protocol, host, port);
  }
}

/** Whether the kernel has IPv6 at all; `ipv6.disable=1` on its command line takes it away. */
export function hostHasIpv6(): boolean {
  try {
    using _probe = socket.openSocket(socket.AF_INET6, socket.SOCK_DGRAM, 0);
    return true;
  } catch (error) {
    if (isKernelError(error, "EAFNOSUPPORT")) return false;
    throw error;
  }
}

function explain(error: unknown, protocol: TransportProtocol, host: HostAddress, port: number): unknown {
  if (isKernelError(error, "EADDRINUSE")) return heldByProgram(protocol, host, port);
  if (isKernelError(error, "EADDRNOTAVAIL", "EAFNOSUPPORT")) return hostAddressNotFound(host);
  if (isKernelError(error, "EMFILE", "ENFILE")) return outOfDescriptors(protocol, host, port, error);
  return error;
}
