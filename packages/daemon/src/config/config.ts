/**
 * What can be set of a daemon.
 */
import type { ControllerOptions } from "@causeway/libnetwork";

export interface DaemonConfig {
  /** Of the controller. Default: /var/lib/causeway and /run/causeway, and what the controller takes by itself. */
  readonly controller: ControllerOptions;
  /** Path of the unix socket. Default: /run/causeway/causeway.sock. */
  readonly socket: string;
  /** Group that may use the socket, besides root: a name or a number. Default: causeway, where there is one. */
  readonly socketGroup: string;
  readonly logLevel: LogLevelName;
  /** Callers that are not root may use namespaces, host networks and directories that are not ours. Default: false. */
  readonly trustGroup: boolean;
  /** The OCI runtime. Default: runc. */
  readonly runtime: string;
}

export type LogLevelName = "trace" | "debug" | "info" | "warn" | "error" | "fatal";

export const defaultConfig: DaemonConfig = {
  controller: { stateDir: "/var/lib/causeway", runDir: "/run/causeway" },
  socket: "/run/causeway/causeway.sock",
  socketGroup: "causeway",
  logLevel: "info",
  trustGroup: false,
  runtime: "runc",
};
