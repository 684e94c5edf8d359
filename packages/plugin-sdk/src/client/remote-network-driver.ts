/**
 * A network driver that is a plugin. Nothing is asked before the first call. What an answer may not say is checked, and what the plugin did
 * for it is taken back, in the order that dockerd does.
 */
import { messageOf, PluginError } from "../errors.ts";
import { quoted } from "../excerpt.ts";
import type { MethodName, RequestFor, ResponseOf } from "../protocol/index.ts";
import { isAddress, isCidr, isInterfaceName, isUnicastMac } from "./addresses.ts";
import { DriverCalls } from "./driver-calls.ts";
import type { CallOptions, PluginClient } from "./plugin-client.ts";

export type Scope = "local" | "global";

export interface NetworkCapabilities {
  readonly scope: Scope;
  readonly connectivityScope: Scope;
  readonly gwAllocChecker: boolean;
}

type Request<Name extends string> = RequestFor<Extract<MethodName, `NetworkDriver.${Name}`>>;
type Response<Name extends string> = ResponseOf<Extract<MethodName, `NetworkDriver.${Name}`>>;

export class RemoteNetworkDriver {
  readonly client: PluginClient;
  readonly #calls: DriverCalls<NetworkCapabilities>;

  constructor(client: PluginClient) {
    this.client = client;
    this.#calls = new DriverCalls(client, (options) => this.#askCapabilities(options));
  }

  /**
   * Asked once; once more after a failure.
   *
   * @throws PluginError plugin_capability_invalid for another scope than local and global
   */
  capabilities(options: CallOptions = {}): Promise<NetworkCapabilities> {
    return this.#calls.capabilities(options);
  }

  async gwAllocCheck(
    request: Request<"GwAllocCheck">,
    options: CallOptions = {},
  ): Promise<Response<"GwAllocCheck">> {
    const { gwAllocChecker } = await this.capabilities(options);
    if (!gwAllocChecker) return { SkipIPv4: false, SkipIPv6: false };
    return this.client.callDriver("NetworkDriver.GwAllocCheck", request, options);
  }

  async allocateNetwork(
    request: Request<"AllocateNetwork">,
    options: CallOptions = {},
  ): Promise<Response<"AllocateNetwork">> {
    return this.#calls.call("NetworkDriver.AllocateNetwork", request, options);
  }

  async freeNetwork(request: Request<"FreeNetwork">, options: CallOptions = {}): Promise<void> {
    await this.#calls.call("NetworkDriver.FreeNetwork", request, options);
  }

  async createNetwork(request: Request<"CreateNetwork">, options: CallOptions = {}): Promise<void> {
    await this.#calls.call("NetworkDriver.CreateNetwork", request, options);
  }

  async deleteNetwork(request: Request<"DeleteNetwork">, options: CallOptions = {}): Promise<void> {
    await this.#calls.call("NetworkDriver.DeleteNetwork", request, options);
  }

  /**
   * After an answer that is wrong, the endpoint is deleted again.
   *
   * @returns what the driver chose, of what was not given
   * @throws PluginError plugin_answer_invalid for an address or a MAC that is none, or another one than was given
   */
  async createEndpoint(
    request: Request<"CreateEndpoint">,
    options: CallOptions = {},
  ): Promise<Response<"CreateEndpoint">> {
    const answer = await this.#calls.call("NetworkDriver.CreateEndpoint", request, options);
    const { NetworkID, EndpointID } = request;
    return this.#checkedOrUndone(
      "NetworkDriver.CreateEndpoint",
      () => checkedEndpoint(request, answer),
      () => this.deleteEndpoint({ NetworkID, EndpointID }),
    );
  }

  async deleteEndpoint(request: Request<"DeleteEndpoint">, options: CallOptions = {}): Promise<void> {
    await this.#calls.call("NetworkDriver.DeleteEndpoint", request, options);
  }

  /** @throws PluginError plugin_answer_invalid also for lists and objects so deep in each other that they could not be written again */
  async endpointOperInfo(
    request: Request<"EndpointOperInfo">,
    options: CallOptions = {},
  ): Promise<Response<"EndpointOperInfo">> {
    return this.#calls.call("NetworkDriver.EndpointOperInfo", request, options);
  }

  /**
   * After an answer that is wrong, the endpoint leaves again.
   *
   * @throws PluginError plugin_answer_invalid for a gateway or a route that is none
   */
  async join(request: Request<"Join">, options: CallOptions = {}): Promise<Response<"Join">> {
    const answer = await this.#calls.call("NetworkDriver.Join", request, options);
    const { NetworkID, EndpointID } = request;
    return this.#checkedOrUndone(
      "NetworkDriver.Join",
      () => checkedJoin(answer),
      () => this.leave({ NetworkID, EndpointID }),
    );
  }

  async leave(request: Request<"Leave">, options: CallOptions = {}): Promise<void> {
    await this.#calls.call("NetworkDriver.Leave", request, options);
  }

  /** A plugin that does not know of it needs not. */
  async programExternalConnectivity(
    request: Request<"ProgramExternalConnectivity">,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#calls
      .call("NetworkDriver.ProgramExternalConnectivity", request, options)
      .catch(unlessUnknown);
  }

  /** A plugin that does not know of it needs not. */
  async revokeExternalConnectivity(
    request: Request<"RevokeExternalConnectivity">,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#calls.call("NetworkDriver.RevokeExternalConnectivity", request, options).catch(unlessUnknown);
  }

  async discoverNew(request: Request<"DiscoverNew">, options: CallOptions = {}): Promise<void> {
    await this.#calls.call("NetworkDriver.DiscoverNew", request, options);
  }

  async discoverDelete(request: Request<"DiscoverDelete">, options: CallOptions = {}): Promise<void> {
    await this.#calls.call("NetworkDriver.DiscoverDelete", request, options);
  }

  async #askCapabilities(options: CallOptions): Promise<NetworkCapabilities> {
    const answer = await this.client.callDriver("NetworkDriver.GetCapabilities", {}, options);
    const scope = this.#scope("Scope", answer.Scope);
    const connectivityScope =
      answer.ConnectivityScope === "" ? scope : this.#scope("ConnectivityScope", answer.ConnectivityScope);
    return { scope, connectivityScope, gwAllocChecker: answer.GwAllocChecker };
  }

  #scope(field: string, value: string): Scope {
    if (value === "local" || value === "global") return value;
    throw new PluginError(
      "plugin_capability_invalid",
      `${this.client.name} has the ${field} ${quoted(value)}: a network driver's is local or global`,
      { detail: { plugin: this.client.name, field, value } },
    );
  }

  async #checkedOrUndone<T>(method: MethodName, check: () => T, undo: () => Promise<void>): Promise<T> {
    try {
      return check();
    } catch (error) {
      return this.#calls.takeBack(method, messageOf(error), undo, error);
    }
  }
}

function unlessUnknown(error: unknown): void {
  if (!(error instanceof PluginError && error.code === "plugin_method_unknown")) throw error;
}

function checkedEndpoint(
  { Interface: given }: Request<"CreateEndpoint">,
  answer: Response<"CreateEndpoint">,
): Response<"CreateEndpoint"> {
  const { Interface: chosen } = answer;
  if (chosen === undefined) return answer;
  for (const field of ["MacAddress", "Address", "AddressIPv6"] as const) {
    const value = chosen[field];
    if (value === "") continue;
    const wellFormed =
      field === "MacAddress" ? isUnicastMac(value) : isCidr(value, field === "Address" ? 4 : 6);
    if (!wellFormed) throw new Error(`the ${field} ${quoted(value)}, which is none`);
    const before = given?.[field] ?? "";
    if (before !== "" && before.toLowerCase() !== value.toLowerCase())
      throw new Error(`the ${field} ${value}, and was given ${before}`);
  }
  return answer;
}

/** Reading the routes of a sandbox, and setting them, holds up whoever else is served. */
const mostRoutes = 1000;
/** A prefix of an interface's name leaves room for a number. */
const longestPrefix = 14;

function checkedJoin(answer: Response<"Join">): Response<"Join"> {
  const { InterfaceName, Gateway, GatewayIPv6, StaticRoutes } = answer;
  if (InterfaceName !== undefined) checkNames(InterfaceName);
  if (Gateway !== "" && !isAddress(Gateway, 4))
    throw new Error(`the Gateway ${quoted(Gateway)}, which is no IPv4 address`);
  if (GatewayIPv6 !== "" && !isAddress(GatewayIPv6, 6))
    throw new Error(`the GatewayIPv6 ${quoted(GatewayIPv6)}, which is no IPv6 address`);
  if (StaticRoutes.length > mostRoutes)
    throw new Error(`${StaticRoutes.length} static routes: a sandbox takes ${mostRoutes}`);
  for (const { Destination, RouteType, NextHop } of StaticRoutes) {
    if (!isCidr(Destination)) throw new Error(`a static route to ${quoted(Destination)}, which is no CIDR`);
    if (RouteType !== 0 && RouteType !== 1)
      throw new Error(`a static route of type ${RouteType}: there are 0 (next hop) and 1 (on the link)`);
    if (RouteType === 0 && !isAddress(NextHop))
      throw new Error(`a static route to ${Destination} by ${quoted(NextHop)}, which is no address`);
  }
  return answer;
}

function checkNames({ SrcName, DstPrefix }: NonNullable<Response<"Join">["InterfaceName"]>): void {
  // Without a link there is nothing to name.
  if (SrcName === "") return;
  if (!isInterfaceName(SrcName)) throw new Error(`the SrcName ${quoted(SrcName)}, which no link can have`);
  if (DstPrefix !== "" && !isInterfaceName(DstPrefix, longestPrefix))
    throw new Error(`the DstPrefix ${quoted(DstPrefix)}, which no link's name can begin with`);
}
