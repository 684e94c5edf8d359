/**
 * What can be set of a daemon, as the rest of it sees it; settings.ts says what each is called outside.
 */
import type { ControllerOptions } from "@causeway/libnetwork";
import type { Limits } from "./limits.ts";

export interface DaemonConfig {
  /** Of the controller. Default: /var/lib/causeway and /run/causeway, and what the controller takes by itself. */
  readonly controller: ControllerOptions;
  /** Path of the unix socket. Default: /run/causeway/causeway.sock. */
  readonly socket: string;
  /** Group that may use the socket, besides root: a name or a number. Default: causeway, where there is one. */
  readonly socketGroup: string;
  /** Where it listens besides, for clients that show a certificate. Default: nowhere. */
  readonly tcp?: TcpConfig;
  readonly logLevel: LogLevelName;
  /** `auto`: lines for people on a terminal, JSON elsewhere. Default: auto. */
  readonly logFormat: LogFormat;
  /** Callers that are not root may use namespaces, host networks and directories that are not ours. Default: false. */
  readonly trustGroup: boolean;
  /** The OCI runtime. Default: runc. */
  readonly runtime: string;
  /** How long what has begun may take when the daemon ends, seconds. Default: 20. */
  readonly drainSeconds: number;
  /** File of nftables statements that the chains `user` get at the start and on SIGHUP. Default: none, they are left alone. */
  readonly userChainFile?: string;
  readonly metrics: MetricsConfig;
  /** How much is taken on at once. Default: defaultLimits. */
  readonly limits?: Partial<Limits>;
}

/** Of TLS: files in PEM. */
export interface TcpConfig {
  readonly host: string;
  readonly port: number;
  /** Whose certificates clients must show. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  /** Its clients may do what root may. Default: false. */
  readonly trusted?: boolean;
}

export interface MetricsConfig {
  /** Where /metrics is answered besides the socket: a loopback address and a port. Default: nowhere. */
  readonly listen?: { readonly host: string; readonly port: number };
  /** Traffic of each endpoint. Default: true. */
  readonly traffic: boolean;
  /** Of how many endpoints at most. Default: 1000. */
  readonly trafficLimit: number;
}

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type LogLevelName = (typeof logLevels)[number];

export const logFormats = ["auto", "text", "json"] as const;
export type LogFormat = (typeof logFormats)[number];
