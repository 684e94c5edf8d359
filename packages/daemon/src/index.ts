/**
 * @causeway/daemon: the controller behind a unix socket.
 */
export { type DaemonConfig, defaultConfig } from "./config/index.ts";
export { Daemon } from "./daemon.ts";
export { type PluginOptions, runPlugin } from "./plugin/run.ts";
export { type RunOptions, runDaemon } from "./run.ts";
