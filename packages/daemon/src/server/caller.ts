/**
 * Who asks: the process at the other end of the unix socket, or the certificate of a TLS client.
 */

export interface Caller {
  /** For the log: `uid 0, pid 4711 (docker)`, or a certificate's name. */
  readonly text: string;
  readonly uid: number | undefined;
  readonly pid: number | undefined;
  /** It may do what root may: use namespaces, host networks and directories that are not ours. */
  readonly trusted: boolean;
}
