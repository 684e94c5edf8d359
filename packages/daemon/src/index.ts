/**
 * @causeway/daemon: the controller behind a unix socket.
 */
export type { DaemonConfig } from "./config/config.ts";
export { defaultConfig } from "./config/daemon-config.ts";
export { Daemon } from "./daemon.ts";
export { type RunOptions, runDaemon } from "./run.ts";
