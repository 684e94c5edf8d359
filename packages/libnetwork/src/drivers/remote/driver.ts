/**
 * RemoteDriver: networks that a plugin makes. The plugin keeps what it makes; here is known what there is, so that it can be asked for.
 */
import { nextHopRoute, type RemoteNetworkDriver, type Scope } from "@causeway/plugin-sdk";
import type {
  CreatedEndpoint,
  Driver,
  DriverTraits,
  EndpointInterface,
  EndpointSpec,
  ExternalPorts,
  JoinAnswer,
  NetworkSpec,
  OperInfo,
  SandboxKey,
  StaticRoute,
  WithheldBinding,
} from "../../contracts/driver.ts";
import type { ClusterHost } from "../../contracts/overlay.ts";
import type { PlainData } from "../../contracts/store.ts";
import { notFound } from "../../errors.ts";
import { asCausewayErrors } from "../../plugin-errors.ts";
import { endpointOptions, endpointPorts, ipamDataOnWire, networkOptions, optionsAsText } from "./options.ts";

/** What interfaces are called where the plugin does not say. */
const usualPrefix = "eth";

export class RemoteDriver implements Driver {
  readonly type: string;
  readonly traits: DriverTraits = { singleton: false, addressless: false, sharesHost: false, remote: true };
  readonly #remote: RemoteNetworkDriver;
  readonly #networks = new Set<string>();
  readonly #endpoints = new Map<string, EndpointSpec>();
  #scope: Scope = "local";

  constructor(remote: RemoteNetworkDriver) {
    this.#remote = remote;
    this.type = remote.client.name;
  }

  /** As the plugin says, or said when the network was made that was taken up from the store. */
  get scope(): Scope {
    return this.#scope;
  }

  /** @throws plugin_not_found, plugin_kind_missing, plugin_unreachable, plugin_timeout, plugin_capability_invalid ... */
  async connect(): Promise<void> {
    const { scope } = await asCausewayErrors(() => this.#remote.capabilities());
    this.#scope = scope;
  }

  validateNetwork({ options }: Pick<NetworkSpec, "options">): void {
    optionsAsText(options);
  }

  async createNetwork(spec: NetworkSpec): Promise<PlainData> {
    const request = {
      NetworkID: spec.id,
      Options: networkOptions(spec),
      IPv4Data: ipamDataOnWire(spec.ipv4, "0.0.0.0/0"),
      IPv6Data: ipamDataOnWire(spec.ipv6, "::/0"),
    };
    await this.connect();
    await asCausewayErrors(() => this.#remote.createNetwork(request));
    this.#networks.add(spec.id);
    return { scope: this.#scope };
  }

  async deleteNetwork(networkId: string): Promise<void> {
    this.#networks.delete(networkId);
    await asCausewayErrors(() => this.#remote.deleteNetwork({ NetworkID: networkId }));
  }

  async createEndpoint(spec: EndpointSpec): Promise<CreatedEndpoint> {
    if (!this.#networks.has(spec.networkId))
      throw notFound("network_not_found", `the ${this.type} driver has no network ${spec.networkId}`);
    const { mac, ipv4 = "", ipv6 = "" } = spec.interface;
    const answer = await asCausewayErrors(() =>
      this.#remote.createEndpoint({
        NetworkID: spec.networkId,
        EndpointID: spec.id,
        Interface: { Address: ipv4, AddressIPv6: ipv6, MacAddress: mac },
        Options: endpointOptions(spec),
      }),
    );
    this.#endpoints.set(spec.id, spec);
    return { bindings: [], chosen: chosenOf(spec.interface, answer.Interface) };
  }

  async deleteEndpoint(networkId: string, endpointId: string): Promise<void> {
    this.#endpoints.delete(endpointId);
    await asCausewayErrors(() => this.#remote.deleteEndpoint(ids(networkId, endpointId)));
  }

  async join(networkId: string, endpointId: string, sandbox: SandboxKey): Promise<JoinAnswer> {
    const spec = this.#endpoints.get(endpointId);
    if (spec === undefined)
      throw notFound("endpoint_not_found", `the ${this.type} driver has no endpoint ${endpointId}`);
    const answer = await asCausewayErrors(() =>
      this.#remote.join({
        ...ids(networkId, endpointId),
        SandboxKey: sandbox.path,
        Options: endpointPorts(sandbox.ports ?? spec),
      }),
    );
    const { InterfaceName: names, Gateway, GatewayIPv6, StaticRoutes, DisableGatewayService } = answer;
    return {
      interface:
        names === undefined || names.SrcName === ""
          ? undefined
          : {
              plan: { kind: "move", sourceName: names.SrcName },
              prefix: names.DstPrefix === "" ? usualPrefix : names.DstPrefix,
              mtu: undefined,
              announce: { count: 1, intervalMs: 0, urgent: true },
            },
      gatewayIpv4: addressIn(Gateway),
      gatewayIpv6: addressIn(GatewayIPv6),
      ...(DisableGatewayService && { disableGatewayService: true }),
      staticRoutes: StaticRoutes.map(
        ({ Destination, RouteType, NextHop }): StaticRoute => ({
          destination: Destination,
          nextHop: RouteType === nextHopRoute ? NextHop : undefined,
        }),
      ),
    };
  }

  async leave(networkId: string, endpointId: string): Promise<void> {
    await asCausewayErrors(() => this.#remote.leave(ids(networkId, endpointId)));
  }

  async programExternalConnectivity(
    networkId: string,
    endpointId: string,
    ports: ExternalPorts,
  ): Promise<void> {
    const request = { ...ids(networkId, endpointId), Options: endpointPorts(ports) };
    await asCausewayErrors(() => this.#remote.programExternalConnectivity(request));
  }

  async revokeExternalConnectivity(networkId: string, endpointId: string): Promise<void> {
    await asCausewayErrors(() => this.#remote.revokeExternalConnectivity(ids(networkId, endpointId)));
  }

  async endpointOperInfo(networkId: string, endpointId: string): Promise<OperInfo> {
    const { Value } = await asCausewayErrors(() => this.#remote.endpointOperInfo(ids(networkId, endpointId)));
    // It came as JSON.
    return Value as OperInfo;
  }

  /** The plugin has kept it: nobody is asked for anything. */
  restoreNetwork({ id }: NetworkSpec, state: PlainData): void {
    this.#networks.add(id);
    if (typeof state === "object" && state !== null && "scope" in state && state.scope === "global")
      this.#scope = "global";
  }

  /** The plugin knows of networks by what it shares with itself on other hosts. */
  forgetNetwork(networkId: string): void {
    this.#networks.delete(networkId);
  }

  async discoverNew({ address }: ClusterHost, isSelf: boolean): Promise<void> {
    await asCausewayErrors(() => this.#remote.discoverNew(nodeDiscovery(address, isSelf)));
  }

  async discoverDelete({ address }: ClusterHost, isSelf: boolean): Promise<void> {
    await asCausewayErrors(() => this.#remote.discoverDelete(nodeDiscovery(address, isSelf)));
  }

  restoreEndpoint(spec: EndpointSpec): readonly WithheldBinding[] {
    this.#endpoints.set(spec.id, spec);
    return [];
  }

  close(): void {}
}

/** libnetwork's NodeDiscovery. */
function nodeDiscovery(address: string, isSelf: boolean) {
  return { DiscoveryType: 1, DiscoveryData: { Address: address, self: isSelf } };
}

function ids(networkId: string, endpointId: string) {
  return { NetworkID: networkId, EndpointID: endpointId };
}

const addressIn = (text: string) => (text === "" ? undefined : text);

/** What the plugin chose of what it was not given: the SDK has refused anything else. */
function chosenOf(
  given: EndpointInterface,
  answer: { readonly MacAddress: string; readonly Address: string; readonly AddressIPv6: string } | undefined,
): Partial<EndpointInterface> {
  if (answer === undefined) return {};
  const { MacAddress, Address, AddressIPv6 } = answer;
  return {
    ...(given.mac === "" && MacAddress !== "" && { mac: MacAddress.toLowerCase().replaceAll("-", ":") }),
    ...(given.ipv4 === undefined && Address !== "" && { ipv4: Address }),
    ...(given.ipv6 === undefined && AddressIPv6 !== "" && { ipv6: AddressIPv6 }),
  };
}
