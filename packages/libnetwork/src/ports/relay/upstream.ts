/**
 * Connections to a container, opened in the host's namespace.
 *
 * A socket belongs to the namespace in which its thread is when it is opened, and Node.js opens it inside connect(), at
 * once, provided that looking up the address takes no time: hence a lookup that answers before it returns.
 */
import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { connect, isIP, type Socket } from "node:net";
import type { NetNamespace } from "@causeway/kernel";

export interface ContainerPort {
  /** An IPv4 or IPv6 address. */
  readonly address: string;
  readonly port: number;
}

/** Begins a TCP connection, of which each direction ends by itself. Errors come as events. */
export function connectTcp(namespace: NetNamespace, { address, port }: ContainerPort): Socket {
  return namespace.run(() =>
    connect({
      // A name, because for an address connect() would wait for the next turn.
      host: "container",
      lookup: answerAtOnce(address),
      family: isIP(address),
      autoSelectFamily: false,
      port,
      allowHalfOpen: true,
      noDelay: true,
    }),
  );
}

/**
 * A UDP socket that exchanges datagrams with this port only. Later errors come as events, and are of no consequence.
 *
 * @throws Error where there is no descriptor or no route for it
 */
export function connectUdp(namespace: NetNamespace, { address, port }: ContainerPort): DatagramSocket {
  return namespace.run(() => {
    const socket = createSocket({
      type: isIP(address) === 4 ? "udp4" : "udp6",
      lookup: answerAtOnce(address),
    });
    try {
      socket.bind({ exclusive: true });
      socket.on("error", () => {});
      socket.connect(port, address);
      socket.remoteAddress(); // Throws unless the socket is connected.
      return socket;
    } catch (error) {
      socket.close();
      throw error;
    }
  });
}

/** A lookup that finds `address` for every name, and an address for itself. */
function answerAtOnce(address: string) {
  return (
    name: string,
    _options: unknown,
    answer: (error: null, address: string, family: number) => void,
  ): void => {
    const found = isIP(name) === 0 ? address : name;
    answer(null, found, isIP(found));
  };
}
