/**
 * Where the daemon is: `--host`, CAUSEWAY_HOST, or its usual socket.
 */
import { usageError } from "../errors.ts";

const usualSocket = "/run/causeway/causeway.sock";
const usualPort = 2376;

export type Address =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tls"; readonly host: string; readonly port: number };

/** @throws usage error for what is neither unix:// nor tcp:// */
export function parseAddress(text: string | undefined): Address {
  if (text === undefined || text === "") return { kind: "unix", path: usualSocket };
  if (text.startsWith("/")) return { kind: "unix", path: text };
  if (text.startsWith("unix://")) {
    const path = text.slice("unix://".length);
    if (path.startsWith("/")) return { kind: "unix", path };
    throw usageError(
      `"${text}" names no socket: write unix:///run/causeway/causeway.sock, with three slashes`,
    );
  }
  const [, bracketed, plain, port] =
    text.match(/^tcp:\/\/(?:\[([^\]]+)\]|([^:/[\]]+))(?::(\d{1,5}))?\/?$/) ?? [];
  const host = bracketed ?? plain;
  if (host !== undefined) return { kind: "tls", host, port: port === undefined ? usualPort : Number(port) };
  throw usageError(`"${text}" is no daemon's address: unix:///path/of.sock and tcp://host:port are`);
}

/** As the user would write it. */
export function addressText(address: Address): string {
  return address.kind === "unix" ? `unix://${address.path}` : `tcp://${address.host}:${address.port}`;
}
