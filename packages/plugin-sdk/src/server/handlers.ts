/**
 * What somebody who writes a plugin implements. Handlers run side by side, as requests arrive; what they throw becomes the protocol's error.
 */
import type { MethodName, RequestOf, ResponseFor } from "../protocol/index.ts";

/** What a handler knows of its call besides the request. */
export interface CallContext {
  /** The plugin's name: several can be served by one process. */
  readonly plugin: string;
  readonly method: MethodName;
  /** Aborted when the caller has hung up, the time is over, or the server was told to end and waits no longer. */
  readonly signal: AbortSignal;
}

/** What an answer leaves out is at its zero value; most methods answer nothing. */
type Handler<M extends MethodName> = keyof ResponseFor<M> extends never
  ? (request: RequestOf<M>, context: CallContext) => Promise<void> | void
  : (request: RequestOf<M>, context: CallContext) => Promise<ResponseFor<M>> | ResponseFor<M>;

type MethodsOf<Driver extends string> = Extract<MethodName, `${Driver}.${string}`>;

type HandlerName<M extends string> = M extends `${string}.${infer Name}` ? Uncapitalize<Name> : never;

/** `createNetwork`, `join` ...: the method's name without its driver's. */
type Handlers<Driver extends string> = {
  readonly [M in MethodsOf<Driver> as HandlerName<M>]: Handler<M>;
};

type WithDefaults<All, Needed extends keyof All> = Pick<All, Needed> & Partial<Omit<All, Needed>>;

/** Without the others: a local driver that knows nothing of external connectivity, a swarm or other nodes. */
export type NetworkDriverHandlers = WithDefaults<
  Handlers<"NetworkDriver">,
  "createNetwork" | "deleteNetwork" | "createEndpoint" | "deleteEndpoint" | "join" | "leave"
>;

/** Without the others: no MAC and no replay is asked for; the address spaces are `local` and `global`. */
export type IpamDriverHandlers = WithDefaults<
  Handlers<"IpamDriver">,
  "requestPool" | "releasePool" | "requestAddress" | "releaseAddress"
>;

/** A plugin: a network driver, an IPAM, or both. */
export interface PluginDefinition {
  /** What users say: `docker network create -d NAME`, `--ipam-driver NAME`. */
  readonly name: string;
  readonly network?: NetworkDriverHandlers;
  readonly ipam?: IpamDriverHandlers;
}

/** A handler of which no more than the table is known: requests were read by the method's schema. */
export type AnyHandler = (request: unknown, context: CallContext) => unknown;

/** What is answered where there is no handler; a method that is in neither is unknown (404). */
const defaults: Readonly<Partial<Record<MethodName, AnyHandler>>> = {
  "NetworkDriver.GetCapabilities": () => ({ Scope: "local", ConnectivityScope: "local" }),
  "NetworkDriver.EndpointOperInfo": () => ({ Value: {} }),
  "NetworkDriver.DiscoverNew": () => ({}),
  "NetworkDriver.DiscoverDelete": () => ({}),
  "IpamDriver.GetCapabilities": () => ({ RequiresMACAddress: false, RequiresRequestReplay: false }),
  "IpamDriver.GetDefaultAddressSpaces": () => ({
    LocalDefaultAddressSpace: "local",
    GlobalDefaultAddressSpace: "global",
  }),
};

/** @returns undefined where the plugin does not know the method */
export function handlerOf(plugin: PluginDefinition, method: MethodName): AnyHandler | undefined {
  const [driver, name = ""] = method.split(".");
  if (driver === "Plugin") return () => ({ Implements: kindsOf(plugin) });
  const handlers = driver === "NetworkDriver" ? plugin.network : plugin.ipam;
  if (handlers === undefined) return undefined;
  const handler: unknown = Reflect.get(handlers, `${name.charAt(0).toLowerCase()}${name.slice(1)}`);
  if (typeof handler !== "function") return defaults[method];
  // It may be a class's method.
  return (request, context) => Reflect.apply(handler, handlers, [request, context]);
}

function kindsOf({ network, ipam }: PluginDefinition): string[] {
  return [...(network === undefined ? [] : ["NetworkDriver"]), ...(ipam === undefined ? [] : ["IpamDriver"])];
}
