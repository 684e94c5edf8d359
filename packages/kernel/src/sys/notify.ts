/**
 * Messages to the service manager: sd_notify(3), a datagram to the unix socket whose name it gave us.
 */
import { check, libc } from "./libc.ts";
import { AF_UNIX, openSocket, SOCK_DGRAM, sendBytes } from "./socket.ts";

/** sizeof(sun_path), less the NUL at its end. */
const longestPath = 107;

/**
 * Sends one message; waits no longer than the socket's queue has room, which a service manager that lives always has.
 *
 * @param name of the socket: a path, or `@` and the name of an abstract one
 * @param message such as `READY=1`, lines of assignments
 * @throws KernelError where nobody listens; TypeError for a name that is none
 */
export function notifyServiceManager(name: string, message: string): void {
  const address = unixAddress(name);
  using socket = openSocket(AF_UNIX, SOCK_DGRAM, 0, { nonBlocking: true });
  check(libc.connect(socket.fd, address, address.length), "connect", name);
  const data = Buffer.from(message);
  sendBytes(socket, data, data.length, name);
}

function unixAddress(name: string): Buffer {
  const path = Buffer.from(name);
  if (!/^[@/]/.test(name) || path.length > longestPath || name.includes("\0"))
    throw new TypeError(`${JSON.stringify(name)} is no unix socket's name: a path, or "@" and a name`);
  // struct sockaddr_un. An abstract name begins with a NUL and ends where the address does.
  if (name.startsWith("@")) path.writeUInt8(0, 0);
  const address = Buffer.alloc(2 + path.length + (name.startsWith("@") ? 0 : 1));
  address.writeUInt16LE(AF_UNIX);
  path.copy(address, 2);
  return address;
}
