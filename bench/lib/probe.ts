// Whether a packet that is sent to an address is answered: a TCP connection to a port where nobody listens is refused.

import { isIPv6, Socket } from "node:net";
import { type NetNamespace, socket } from "@causeway/kernel";

/** The discard service's: nobody listens there. */
const PORT = 9;

/**
 * Sends a SYN from a namespace and waits for the answer, which the kernel on the other side gives.
 *
 * @param timeout milliseconds
 * @returns false where nothing came back in time
 */
export async function answers(namespace: NetNamespace, address: string, timeout: number): Promise<boolean> {
  const domain = isIPv6(address) ? socket.AF_INET6 : socket.AF_INET;
  const fd = namespace.run(() =>
    socket.openSocket(domain, socket.SOCK_STREAM, 0, { nonBlocking: true }).release(),
  );
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const client = new Socket({ fd });
  const timer = setTimeout(() => resolve(false), timeout);
  client.once("connect", () => resolve(true));
  client.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  client.connect({ host: address, port: PORT });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    client.destroy();
  }
}
