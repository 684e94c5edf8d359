export * from "./check/index.ts";
export * from "./client/index.ts";
export { PluginError, type PluginErrorCode } from "./errors.ts";
export * from "./protocol/index.ts";
export * from "./replay/index.ts";
export * from "./server/index.ts";
