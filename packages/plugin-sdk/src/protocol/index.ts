export { jsonIn, requestBody } from "./body.ts";
export type { Message, Written } from "./go-json.ts";
export { readMessage } from "./go-json.ts";
export {
  isMethodName,
  type MethodName,
  methods,
  type RequestFor,
  type RequestOf,
  type ResponseFor,
  type ResponseOf,
} from "./methods.ts";
export { connectedRoute, nextHopRoute, nodeDiscovery } from "./network-driver.ts";
export * from "./options.ts";
export { ipamDriverKind, mediaType, networkDriverKind, unixHost } from "./plugin.ts";
