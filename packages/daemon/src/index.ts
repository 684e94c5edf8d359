/**
 * @causeway/daemon: the controller behind a unix socket.
 */
export { type DaemonConfig, defaultConfig } from "./config/config.ts";
export { Daemon } from "./daemon.ts";
