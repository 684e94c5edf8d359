/**
 * Who asks: the process at the other end of the unix socket, or the certificate of a TLS client.
 */
import { forbidden } from "@causeway/libnetwork";

export interface Caller {
  /** For the log: `uid 0, pid 4711 (docker)`, or a certificate's name. */
  readonly text: string;
  readonly uid: number | undefined;
  readonly pid: number | undefined;
  /** It may do what root may: use namespaces, host networks and directories that are not ours. */
  readonly trusted: boolean;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Who is at the other end of its connection. */
    readonly caller: Caller;
  }
}

/**
 * @param what it is, for the message: `a namespace that was made elsewhere`
 * @throws caller_not_trusted
 */
export function requireTrust(caller: Caller, what: string): void {
  if (caller.trusted) return;
  const setting = caller.uid === undefined ? "api.tcp-trusted" : "api.trust-group";
  throw forbidden(
    "caller_not_trusted",
    `${what} is for root alone (asked by ${caller.text}): ask as root, or set ${setting} in the daemon's configuration`,
    { uid: caller.uid },
  );
}
