/**
 * The CNM API's resources and requests.
 */
export * from "./common.ts";
export * from "./containers.ts";
export * from "./endpoints.ts";
export * from "./names.ts";
export * from "./networks.ts";
export * from "./sandboxes.ts";
export * from "./services.ts";
export * from "./system.ts";
