// A caller of network drivers that does what dockerd does, and no more: on a host of its own, with containers that are empty namespaces.

import { randomBytes } from "node:crypto";
import { address, link, NetNamespace, Rtnl, route } from "@causeway/kernel";
import { labels, PluginClient, type PluginDirectories, RemoteNetworkDriver } from "@causeway/plugin-sdk";

export interface PluginContainer {
  readonly namespace: NetNamespace;
  readonly EndpointID: string;
  /** Of the interface in it, which is called eth0. */
  readonly mac: string | undefined;
  /** What the driver called it. */
  readonly srcName: string;
}

/** Dispose of it when all its containers are removed. */
export class PluginCaller implements Disposable {
  /** The host: the plugin runs on it. */
  readonly namespace = NetNamespace.create();
  readonly #rtnl = new Rtnl(this.namespace);
  readonly #client: PluginClient;
  readonly driver: RemoteNetworkDriver;

  constructor(plugin: string, directories: PluginDirectories) {
    this.#client = new PluginClient(plugin, { directories });
    this.driver = new RemoteNetworkDriver(this.#client);
    this.#rtnl.execute(link.change({ name: "lo" }, { up: true }));
  }

  /** Its first address is the gateway's. */
  async createNetwork(
    prefix: string,
    options: Readonly<Record<string, string>> = {},
    { internal = false } = {},
  ): Promise<string> {
    const NetworkID = randomBytes(32).toString("hex");
    await this.driver.createNetwork({
      NetworkID,
      Options: {
        [labels.generic]: options,
        [labels.enableIpv6]: false,
        ...(internal && { [labels.internal]: true }),
      },
      IPv4Data: [{ AddressSpace: "LocalDefault", Pool: `${prefix}.0/24`, Gateway: `${prefix}.1/24` }],
      IPv6Data: [],
    });
    return NetworkID;
  }

  async run(
    NetworkID: string,
    Address: string,
    options: Readonly<Record<string, unknown>> = {},
  ): Promise<PluginContainer> {
    const EndpointID = randomBytes(32).toString("hex");
    const ids = { NetworkID, EndpointID };
    const made = await this.driver.createEndpoint({ ...ids, Interface: { Address }, Options: options });
    const joined = await this.driver.join({ ...ids, SandboxKey: "/run/docker/netns/test", Options: {} });
    const srcName = joined.InterfaceName?.SrcName ?? "";
    const namespace = NetNamespace.create();
    this.#rtnl.execute(link.move({ name: srcName }, { namespaceFd: namespace.fd }));
    using rtnl = new Rtnl(namespace);
    const { index } = rtnl.query(link.get({ name: srcName }));
    rtnl.execute(link.rename({ index }, "eth0"));
    const [ip = "", length] = Address.split("/");
    rtnl.execute(address.add({ link: index, address: ip, prefixLength: Number(length) }));
    const MacAddress = made.Interface?.MacAddress ?? "";
    rtnl.execute(link.change({ index }, { up: true, ...(MacAddress !== "" && { address: MacAddress }) }));
    rtnl.execute(link.change({ name: "lo" }, { up: true }));
    for (const { Destination, NextHop } of joined.StaticRoutes) {
      const way = NextHop === "" ? {} : { gateway: NextHop };
      rtnl.execute(route.add({ destination: Destination, link: index, ...way }));
    }
    if (joined.Gateway !== "")
      rtnl.execute(route.add({ destination: "default", family: 4, gateway: joined.Gateway }));
    return { namespace, EndpointID, srcName, mac: rtnl.query(link.get({ index })).address };
  }

  /** The interface goes back to the host first, as dockerd does it. */
  async remove(NetworkID: string, { namespace, EndpointID, srcName }: PluginContainer): Promise<void> {
    using rtnl = new Rtnl(namespace);
    const { index } = rtnl.query(link.get({ name: "eth0" }));
    rtnl.execute(link.change({ index }, { up: false }));
    rtnl.execute(link.rename({ index }, srcName));
    rtnl.execute(link.move({ index }, { namespaceFd: this.namespace.fd }));
    namespace[Symbol.dispose]();
    await this.driver.leave({ NetworkID, EndpointID });
    await this.driver.deleteEndpoint({ NetworkID, EndpointID });
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
    this.#rtnl[Symbol.dispose]();
    this.namespace[Symbol.dispose]();
  }
}

/** Names of the links on a host, sorted. */
export function linkNames(namespace: NetNamespace): readonly string[] {
  using rtnl = new Rtnl(namespace);
  return rtnl
    .dump(link.list())
    .map(({ name }) => name)
    .sort();
}
