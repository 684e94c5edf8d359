// The stage of the isolation tests: a host with a network of every kind, and around it everybody as an attacker.
//
// All but the host route everything to it that is not on their own link: other networks' subnets, and 127.0.0.0/8 and ::1
// too, after giving up their own (CVE-2020-8558). So what does not get through is refused by the host.

import { address, link, type NetNamespace, neighbour, Rtnl, route, writeSysctl } from "@causeway/kernel";
import type { Network } from "@causeway/libnetwork";
import { linkLocalAddress } from "../../packages/libnetwork/src/address/link-local.ts";
import { namespaceOf, TestHost } from "../support/host.ts";
import { Outside } from "../support/outside.ts";
import { type Question, type Server, serve } from "../support/traffic.ts";
import {
  addressIn,
  addressOf,
  type Family,
  families,
  hostServices,
  networks,
  protocols,
  sandboxes,
  servers,
  wires,
} from "./plan.ts";

type Target = Pick<Question, "address" | "by" | "source">;

export class Scene implements AsyncDisposable {
  readonly host: TestHost;
  readonly #kept = new AsyncDisposableStack();
  readonly #namespaces: Map<string, NetNamespace>;
  readonly #networks = new Map<string, { readonly network: Network; readonly bridge: string }>();
  readonly #servers: Server[] = [];

  /** @param bridgeFilter net.bridge.bridge-nf-call-iptables and -ip6tables */
  static async create(t: Parameters<typeof TestHost.create>[0], bridgeFilter: 0 | 1): Promise<Scene> {
    const host = await TestHost.create(t);
    const scene = new Scene(host);
    try {
      host.namespace.run(() => {
        for (const tool of ["iptables", "ip6tables"]) {
          writeSysctl(`net/bridge/bridge-nf-call-${tool}`, bridgeFilter);
        }
      });
      scene.#goOutside();
      for (const name of Object.keys(networks)) await scene.#newNetwork(name);
      for (const name of Object.keys(sandboxes)) await scene.#newSandbox(name);
      await scene.#startServers();
      return scene;
    } catch (error) {
      await scene[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(host: TestHost) {
    this.host = host;
    this.#namespaces = new Map([["host", host.namespace]]);
  }

  /** Where somebody is: a sandbox, `host`, `outside` or `friend`. */
  namespaceOf(name: string): NetNamespace {
    return known(this.#namespaces, name);
  }

  /** Interface name of a network's bridge. */
  bridgeOf(network: string): string {
    return known(this.#networks, network).bridge;
  }

  /** MAC address of an interface of somebody's. */
  macOf(name: string, interfaceName = "eth0"): string {
    using rtnl = new Rtnl(this.namespaceOf(name));
    return rtnl.query(link.get({ name: interfaceName })).address ?? "";
  }

  /** Where somebody's question for a name goes; undefined where there is no such address in the family. */
  targetOf(asker: string, name: string, family: Family): Target | undefined {
    const addresses = this.#linkAddresses(asker)[name];
    if (addresses === undefined) return { address: addressOf(name, family) };
    const to = addresses[family];
    if (to === undefined) return undefined;
    using rtnl = new Rtnl(this.namespaceOf(asker));
    const by = rtnl.query(link.get({ name: "eth0" })).index;
    // Node cannot say a link-local source: it looks for the name of the interface in its own namespace.
    return { address: to, by, source: addressOf(asker, family) };
  }

  #linkAddresses(asker: string): Readonly<Record<string, Partial<Record<Family, string>>>> {
    const bridge = this.#networks.get(sandboxes[asker]?.network ?? "")?.bridge;
    return {
      link: bridge === undefined ? {} : { 6: linkLocalAddress(this.macOf("host", bridge)) },
      group: { 4: "224.0.0.1", 6: "ff02::1" },
      broadcast: { 4: "255.255.255.255" },
      wire: { 4: `${wires.outside.ipv4}.255` },
    };
  }

  /** Whether a question of this text arrived anywhere, answered or not. */
  heard(text: string): boolean {
    return this.#servers.some(({ heard }) => heard.has(text));
  }

  #goOutside(): void {
    // Somebody needs it for something, as route_localnet below: nothing but our firewall is between the wire and the loopback.
    this.host.namespace.run(() => writeSysctl("net/ipv4/conf/all/accept_local", 1));
    for (const name of ["outside", "friend"] as const) {
      const machine = this.#kept.use(new Outside(this.host, wires[name]));
      this.#namespaces.set(name, machine.namespace);
      this.host.namespace.run(() => writeSysctl(`net/ipv4/conf/${machine.uplink}/route_localnet`, 1));
      routeEverything(machine.namespace, [machine.hostIpv4, machine.hostIpv6]);
    }
    const { index } = this.host.rtnl.query(link.get({ name: wires.outside.uplink }));
    // Not to be preferred to the first address of this wire by what nobody tells which one to use.
    const lifetime = { valid: 0xffff_ffff, preferred: 0 };
    this.host.rtnl.execute(
      address.add({ link: index, address: addressOf("source", 4), prefixLength: 24 }),
      address.add({ link: index, address: addressOf("source", 6), prefixLength: 64, lifetime }),
    );
  }

  async #newNetwork(name: string): Promise<void> {
    const { internal = false, ipv4Only = false, driverOptions = {} } = planned(networks, name);
    const config = families
      .filter((family) => family === 4 || !ipv4Only)
      .map((family) => ({
        subnet: `${addressIn(name, family, 0)}/${family === 4 ? 24 : 64}`,
        gateway: addressIn(name, family, 1),
      }));
    const bridge = `br-${name}`;
    const network = await this.host.controller.newNetwork("bridge", name, {
      internal,
      ipam: { config },
      driverOptions: { bridgeName: bridge, ...driverOptions },
    });
    this.#networks.set(name, { network, bridge });
  }

  async #newSandbox(name: string): Promise<void> {
    const { network: networkName, publish = [] } = planned(sandboxes, name);
    const { network, bridge } = known(this.#networks, networkName);
    const { withoutHost = [], ipv4Only = false } = planned(networks, networkName);
    const { sandbox } = await this.host.controller.attach(network, {
      containerId: name,
      endpoint: {
        ipv4: addressOf(name, 4),
        ...(ipv4Only ? {} : { ipv6: addressOf(name, 6) }),
        publish: protocols.flatMap((protocol) => publish.map((port) => ({ ...port, protocol }))),
      },
    });
    const namespace = this.#kept.use(namespaceOf(sandbox));
    this.#namespaces.set(name, namespace);
    using rtnl = new Rtnl(namespace);
    const { index } = rtnl.query(link.get({ name: "eth0" }));
    if (ipv4Only) rtnl.execute(address.add({ link: index, address: addressOf(name, 6), prefixLength: 64 }));
    for (const family of withoutHost) {
      // Nobody answers for the gateway's address, but whoever knows the bridge's MAC can do without an answer.
      const mac = this.macOf("host", bridge);
      rtnl.execute(neighbour.add({ link: index, address: addressIn(networkName, family, 1), mac }));
    }
    routeEverything(
      namespace,
      families.map((family) => addressIn(networkName, family, 1)),
    );
  }

  async #startServers(): Promise<void> {
    for (const [name, ports] of Object.entries(servers)) {
      for (const port of ports) await this.#serve(name, ["0.0.0.0", "::"], port);
    }
    await this.#serve("host", ["0.0.0.0", "::"], hostServices.every);
    for (const name of ["front", "loopback"] as const) {
      const addresses = families.map((family) => addressOf(name, family));
      await this.#serve("host", addresses, hostServices[name]);
    }
  }

  async #serve(name: string, addresses: readonly string[], port: number): Promise<void> {
    const namespace = this.namespaceOf(name);
    for (const bindAddress of addresses) {
      for (const protocol of protocols) {
        const server = await serve(namespace, { protocol, address: bindAddress, port });
        this.#servers.push(this.#kept.use(server));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kept.disposeAsync();
  }
}

/** Sends everything but what is on the link to these gateways: the rest of the world, and the loopback addresses. */
function routeEverything(namespace: NetNamespace, gateways: readonly string[]): void {
  namespace.run(() => {
    // Answers come from 127.0.0.1.
    writeSysctl("net/ipv4/conf/eth0/route_localnet", 1);
  });
  using rtnl = new Rtnl(namespace);
  const loopback = rtnl.query(link.get({ name: "lo" })).index;
  const { index } = rtnl.query(link.get({ name: "eth0" }));
  rtnl.execute(
    address.remove({ link: loopback, address: "127.0.0.1", prefixLength: 8 }),
    address.remove({ link: loopback, address: "::1", prefixLength: 128 }),
  );
  for (const gateway of gateways) {
    const own = gateway.includes(":") ? "::1/128" : "127.0.0.0/8";
    const family = gateway.includes(":") ? 6 : 4;
    rtnl.execute(
      route.add({ destination: own, gateway, link: index }),
      route.replace({ destination: "default", family, gateway, link: index }),
    );
  }
}

function planned<T>(plan: Readonly<Record<string, T>>, name: string): T {
  return known(new Map(Object.entries(plan)), name);
}

function known<T>(map: ReadonlyMap<string, T>, name: string): T {
  const found = map.get(name);
  if (found === undefined) throw new Error(`nobody is called "${name}"`);
  return found;
}
