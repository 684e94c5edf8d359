export type { EndedCall } from "./dispatch.ts";
export type { CallContext, IpamDriverHandlers, NetworkDriverHandlers, PluginDefinition } from "./handlers.ts";
export { PluginServer, type ServeOptions, servePlugin, type TcpListening } from "./serve.ts";
