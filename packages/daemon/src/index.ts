/**
 * @causeway/daemon: the controller behind a unix socket.
 */
export { type DaemonConfig, defaultConfig } from "./config/index.ts";
export { Daemon } from "./daemon.ts";
export { type RunOptions, runDaemon } from "./run.ts";
