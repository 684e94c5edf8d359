/**
 * An IPAM that is a plugin. Nothing is asked before the first call.
 */
import { PluginError } from "../errors.ts";
import { quoted } from "../excerpt.ts";
import { gatewayAddressType, type MethodName, type RequestFor, type ResponseOf } from "../protocol/index.ts";
import { isCidr } from "./addresses.ts";
import { DriverCalls } from "./driver-calls.ts";
import type { CallOptions, PluginClient } from "./plugin-client.ts";

export interface RemoteIpamCapabilities {
  readonly requiresMacAddress: boolean;
  readonly requiresRequestReplay: boolean;
}

type Request<Name extends string> = RequestFor<Extract<MethodName, `IpamDriver.${Name}`>>;
type Response<Name extends string> = ResponseOf<Extract<MethodName, `IpamDriver.${Name}`>>;

/** Of a plugin from before there were capabilities. */
const none: RemoteIpamCapabilities = { requiresMacAddress: false, requiresRequestReplay: false };

export class RemoteIpam {
  readonly client: PluginClient;
  readonly #calls: DriverCalls<RemoteIpamCapabilities>;

  constructor(client: PluginClient) {
    this.client = client;
    this.#calls = new DriverCalls(client, (options) => this.#askCapabilities(options));
  }

  /** Asked once; once more after a failure. A plugin that refuses to say has none. */
  capabilities(options: CallOptions = {}): Promise<RemoteIpamCapabilities> {
    return this.#calls.capabilities(options);
  }

  async defaultAddressSpaces(options: CallOptions = {}): Promise<Response<"GetDefaultAddressSpaces">> {
    return this.#calls.call("IpamDriver.GetDefaultAddressSpaces", {}, options);
  }

  /**
   * After an answer that is wrong, the pool is released again.
   *
   * @throws PluginError plugin_answer_invalid for a pool without id, and a pool or a gateway in its Data that is no CIDR
   */
  async requestPool(
    request: Request<"RequestPool">,
    options: CallOptions = {},
  ): Promise<Response<"RequestPool">> {
    const answer = await this.#calls.call("IpamDriver.RequestPool", request, options);
    const { PoolID } = answer;
    const problem = problemOf(answer);
    if (problem === undefined) return answer;
    return this.#calls.takeBack("IpamDriver.RequestPool", problem, async () => {
      if (PoolID !== "") await this.releasePool({ PoolID });
    });
  }

  async releasePool(request: Request<"ReleasePool">, options: CallOptions = {}): Promise<void> {
    await this.#calls.call("IpamDriver.ReleasePool", request, options);
  }

  /**
   * @throws PluginError plugin_answer_invalid for an address that is no CIDR
   */
  async requestAddress(
    request: Request<"RequestAddress">,
    options: CallOptions = {},
  ): Promise<Response<"RequestAddress">> {
    const answer = await this.#calls.call("IpamDriver.RequestAddress", request, options);
    const { Address } = answer;
    if (isCidr(Address)) return answer;
    const problem = Address === "" ? "no address" : `the Address ${quoted(Address)}, which is no CIDR`;
    // What is no CIDR is not to be released either: nobody knows what it would be.
    return this.#calls.takeBack("IpamDriver.RequestAddress", problem, async () => {});
  }

  async releaseAddress(request: Request<"ReleaseAddress">, options: CallOptions = {}): Promise<void> {
    await this.#calls.call("IpamDriver.ReleaseAddress", request, options);
  }

  async #askCapabilities(options: CallOptions): Promise<RemoteIpamCapabilities> {
    try {
      const answer = await this.client.callDriver("IpamDriver.GetCapabilities", {}, options);
      return {
        requiresMacAddress: answer.RequiresMACAddress,
        requiresRequestReplay: answer.RequiresRequestReplay,
      };
    } catch (error) {
      if (error instanceof PluginError && ["plugin_method_unknown", "plugin_refused"].includes(error.code))
        return none;
      throw error;
    }
  }
}

/** What is wrong with a pool. */
function problemOf({ PoolID, Pool, Data }: Response<"RequestPool">): string | undefined {
  if (PoolID === "") return "a pool without PoolID";
  if (!isCidr(Pool)) return `the Pool ${quoted(Pool)}, which is no CIDR`;
  const gateway = Data[gatewayAddressType] ?? "";
  return gateway === "" || isCidr(gateway) ? undefined : `the gateway ${quoted(gateway)}, which is no CIDR`;
}
