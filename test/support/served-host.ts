// A host with a served plugin on it, and who plays dockerd's part: containers whose interface is what Join has named.

import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { link, NetNamespace, Rtnl, route, unbindNamespace } from "@causeway/kernel";
import { newId } from "@causeway/libnetwork";
import { PluginClient, RemoteIpam, RemoteNetworkDriver, type ResponseOf } from "@causeway/plugin-sdk";
import { type End, endAll } from "./ends.ts";
import { eventually } from "./eventually.ts";
import { assertSameState, kernelState } from "./kernel-state.ts";
import { ServedPlugin } from "./served-plugin.ts";
import { addressOn, joinByWire } from "./wire.ts";

type Endpoint = Parameters<RemoteNetworkDriver["createEndpoint"]>[0];

/** At the test's end it fails where the host holds other links, addresses, routes, ports or elements than at first. */
export class ServedHost {
  readonly directory = mkdtempSync("/dev/shm/causeway-served-");
  readonly namespace = NetNamespace.create();
  readonly netns = join(this.directory, "netns");
  readonly rtnl: Rtnl;
  readonly #before: readonly string[];
  /** What is to end before the host is looked at. */
  readonly #ends: End[] = [];

  private constructor() {
    this.namespace.bindAt(this.netns);
    this.rtnl = new Rtnl(this.namespace);
    this.rtnl.execute(link.change({ name: "lo" }, { up: true }));
    this.#before = this.remains();
  }

  static create(t: Pick<TestContext, "after">): ServedHost {
    const host = new ServedHost();
    t.after(() => host.#end());
    return host;
  }

  /** Whatever a test has to take away again; tables and switches of ours stay. */
  remains(): readonly string[] {
    return kernelState(this.namespace).filter((line) => !/^(nft|sysctl) /.test(line));
  }

  /** What is to be done before the host is looked at, and before what was to be done until now. */
  beforeEnd(step: End): void {
    this.#ends.push(step);
  }

  async #end(): Promise<void> {
    try {
      await endAll(this.#ends.toReversed());
      const left = () => assertSameState(this.remains(), this.#before, "the host holds something else");
      await eventually(left);
    } finally {
      this.rtnl[Symbol.dispose]();
      this.namespace[Symbol.dispose]();
      unbindNamespace(this.netns);
      rmSync(this.directory, { recursive: true });
    }
  }

  /** A machine outside at 192.0.2.2, whose way to everything is the host, 192.0.2.1. */
  outside(): NetNamespace {
    const outside = NetNamespace.create();
    joinByWire(
      { namespace: this.namespace, name: "uplink0", addresses: ["192.0.2.1/24"] },
      { namespace: outside, name: "eth0", addresses: ["192.0.2.2/24"] },
    );
    using rtnl = new Rtnl(outside);
    rtnl.execute(route.add({ destination: "10.0.0.0/8", gateway: "192.0.2.1" }));
    this.#ends.push(() => {
      outside[Symbol.dispose]();
      // It may have gone with its other end by now.
      this.rtnl.attempt([link.remove({ name: "uplink0" })]);
    });
    return outside;
  }

  async serve(name: string, flags: readonly string[] = []): Promise<Served> {
    const options = {
      name,
      stateDir: join(this.directory, name),
      hostNamespace: this.netns,
      socket: join(this.directory, `${name}.sock`),
      flags,
    };
    const plugin = await ServedPlugin.start({ after: (end: End) => void this.#ends.push(end) }, options);
    const client = new PluginClient(name, { directories: { sockets: this.directory, specs: [] } });
    this.#ends.push(() => client[Symbol.dispose]());
    return new Served(this, plugin, client);
  }
}

export class Served {
  readonly plugin: ServedPlugin;
  readonly driver: RemoteNetworkDriver;
  readonly ipam: RemoteIpam;
  readonly #host: ServedHost;

  constructor(host: ServedHost, plugin: ServedPlugin, client: PluginClient) {
    this.plugin = plugin;
    this.driver = new RemoteNetworkDriver(client);
    this.ipam = new RemoteIpam(client);
    this.#host = host;
  }

  /** The url of its socket. */
  get url(): string {
    return `unix://${join(this.#host.directory, `${this.plugin.name}.sock`)}`;
  }

  /** @param prefix of an IPv4 /24 and an IPv6 /64: `10.1.2` and `fd00::` */
  async network(prefix: string, prefix6?: string, options: Readonly<Record<string, unknown>> = {}) {
    const NetworkID = newId();
    const pool = (Pool: string, Gateway: string) => ({
      AddressSpace: "local",
      Pool,
      Gateway,
      AuxAddresses: {},
    });
    const request = {
      NetworkID,
      Options: options,
      IPv4Data: [pool(`${prefix}.0/24`, `${prefix}.1/24`)],
      IPv6Data: prefix6 === undefined ? [] : [pool(`${prefix6}/64`, `${prefix6}1/64`)],
    };
    await this.driver.createNetwork(request);
    return request;
  }

  /** Makes an endpoint and puts it into a container, as dockerd does. */
  async container(networkId: string, ipv4: string, ipv6 = ""): Promise<Container> {
    const request = {
      NetworkID: networkId,
      EndpointID: newId(),
      Options: {},
      Interface: { Address: ipv4, AddressIPv6: ipv6, MacAddress: "" },
    };
    await this.driver.createEndpoint(request);
    const { NetworkID, EndpointID } = request;
    const joined = await this.driver.join({
      NetworkID,
      EndpointID,
      SandboxKey: "/run/docker/netns/x",
      Options: {},
    });
    const container = new Container(this, this.#host, request, joined);
    await container.publish();
    return container;
  }
}

/** A namespace with the endpoint's interface in it. */
export class Container {
  readonly namespace = NetNamespace.create();
  readonly request: Endpoint & { readonly NetworkID: string; readonly EndpointID: string };
  readonly #served: Served;
  readonly #host: ServedHost;
  readonly #source: string;

  constructor(
    served: Served,
    host: ServedHost,
    request: Container["request"],
    joined: ResponseOf<"NetworkDriver.Join">,
  ) {
    this.request = request;
    this.#served = served;
    this.#host = host;
    this.#source = joined.InterfaceName?.SrcName ?? "";
    const { index } = host.rtnl.query(link.get({ name: this.#source }));
    host.rtnl.execute(link.move({ index }, { namespaceFd: this.namespace.fd, name: "eth0" }));
    using inside = new Rtnl(this.namespace);
    const { index: moved } = inside.query(link.get({ name: "eth0" }));
    const addresses = [request.Interface?.Address, request.Interface?.AddressIPv6].filter(
      (cidr) => typeof cidr === "string" && cidr !== "",
    ) as string[];
    inside.execute(
      link.change({ name: "lo" }, { up: true }),
      ...addresses.map((cidr) => addressOn(moved, cidr)),
      link.change({ index: moved }, { up: true }),
    );
    for (const gateway of [joined.Gateway, joined.GatewayIPv6])
      if (gateway !== "") inside.execute(route.add({ destination: "default", gateway }));
  }

  get ids() {
    const { NetworkID, EndpointID } = this.request;
    return { NetworkID, EndpointID };
  }

  /** @param ports `HostPort` to `Port` of TCP */
  publish(...ports: readonly (readonly [hostPort: number, port: number])[]): Promise<void> {
    const entries = ports.map(([HostPort, Port]) => ({
      Proto: 6,
      IP: "",
      Port,
      HostIP: "",
      HostPort,
      HostPortEnd: HostPort,
    }));
    const Options = { "com.docker.network.portmap": entries };
    return this.#served.driver.programExternalConnectivity({ ...this.ids, Options });
  }

  revoke(): Promise<void> {
    return this.#served.driver.revokeExternalConnectivity(this.ids);
  }

  /** Leaves; dockerd then gives the interface back to the host. */
  async leave(): Promise<void> {
    await this.#served.driver.leave(this.ids);
    using inside = new Rtnl(this.namespace);
    const { index } = inside.query(link.get({ name: "eth0" }));
    inside.execute(
      link.change({ index }, { up: false }),
      link.move({ index }, { namespaceFd: this.#host.namespace.fd, name: this.#source }),
    );
  }

  async remove(): Promise<void> {
    await this.leave();
    await this.#served.driver.deleteEndpoint(this.ids);
    this.letGo();
  }

  /** As when its process ends. */
  letGo(): void {
    this.namespace[Symbol.dispose]();
  }
}
