export { addressText, type PluginAddress, parseAddress, type TlsFiles } from "./address.ts";
export { isAddress, isCidr, isInterfaceName, isMac, isUnicastMac } from "./addresses.ts";
export { defaultDirectories, type FoundPlugin, findPlugin, type PluginDirectories } from "./discovery.ts";
export { listPlugins, type PluginChange, type WatchOptions, watchPlugins } from "./listing.ts";
export { type CallOptions, type ClientOptions, PluginClient } from "./plugin-client.ts";
export { RemoteIpam, type RemoteIpamCapabilities } from "./remote-ipam.ts";
export { type NetworkCapabilities, RemoteNetworkDriver, type Scope } from "./remote-network-driver.ts";
export type { Clock } from "./retry.ts";
export { ConnectionError, type Exchange, type RawAnswer, Transport } from "./transport.ts";
