// The stage of `npm run demo -- overlay`: two hosts on one wire, each a namespace, and an etcd that both are told of.
// Bind mounts in the demo's directory keep the namespaces, so that they can outlive this process and be found again.

import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { link, NetNamespace, Rtnl, unbindNamespace } from "@causeway/kernel";
import type { ControllerOptions } from "@causeway/libnetwork";
import { configure } from "../host.ts";
import { mountsBelow } from "../look.ts";
import { identityOf } from "../processes.ts";
import { leftoversOf } from "../remnants.ts";
import { DemoEtcd } from "./etcd.ts";

export interface HostPlace {
  readonly name: string;
  /** Of its eth0: from the ranges for documentation (RFC 5737, RFC 3849), nobody's. */
  readonly addresses: readonly [string, string];
  /** Of its namespace. */
  readonly path: string;
}

export class DemoCluster {
  readonly directory: string;
  readonly hosts: readonly [HostPlace, HostPlace];
  readonly etcd: DemoEtcd;
  /** Namespaces that there were when everything began to be taken down. */
  #known: ReadonlySet<string> = new Set();

  /** @param directory where a demo stands, or is to stand */
  constructor(directory: string) {
    this.directory = directory;
    this.etcd = new DemoEtcd(directory);
    this.hosts = [
      { name: "host1", addresses: ["198.51.100.1", "2001:db8:51::1"], path: join(directory, "host1") },
      { name: "host2", addresses: ["198.51.100.2", "2001:db8:51::2"], path: join(directory, "host2") },
    ];
  }

  /** True where a demo stands, or what is left of one. */
  get stands(): boolean {
    return existsSync(this.directory);
  }

  /** What a host's daemon would be told by its settings; where `hostNamespace` is a test's and a demo's matter. */
  controllerOptions({ name, path }: HostPlace): ControllerOptions {
    return {
      stateDir: join(this.directory, `${name}.state`),
      runDir: this.#runDir(name),
      hostNamespace: path,
      defaultNetwork: false,
      gatewayNetwork: false,
      cluster: { etcd: [this.etcd.url], name, advertise: "eth0" },
    };
  }

  /** Makes the hosts and the wire between them. @throws where the directory is there already */
  build(): void {
    mkdirSync(this.directory);
    try {
      const [one, two] = this.hosts;
      using first = NetNamespace.create();
      using second = NetNamespace.create();
      first.bindAt(one.path);
      second.bindAt(two.path);
      using rtnl = new Rtnl(first);
      using rtnlOfSecond = new Rtnl(second);
      const peer = { name: "eth0", namespaceFd: second.fd };
      rtnl.execute(link.create({ name: "eth0", info: { kind: "veth", veth: { peer } } }));
      configure(rtnl, one.addresses);
      configure(rtnlOfSecond, two.addresses);
    } catch (error) {
      this.letGo();
      throw error;
    }
  }

  /** What is there now has to go: see {@link leftovers}. */
  remember(): void {
    this.#known = new Set(mountsBelow(this.directory).map(identityOf));
  }

  /** What should be gone once everything has been deleted and the controllers have been closed: a line each. */
  async leftovers(): Promise<readonly string[]> {
    const stage = {
      directory: this.directory,
      namespaces: new Map(this.hosts.map(({ name, path }) => [`on ${name}`, path])),
      runDirs: this.hosts.map(({ name }) => this.#runDir(name)),
      known: this.#known,
    };
    return leftoversOf(stage);
  }

  /** Lets go of the hosts and of everything in the directory: every mount in it is a namespace's. */
  letGo(): void {
    for (const path of mountsBelow(this.directory)) unbindNamespace(path);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #runDir(name: string): string {
    return join(this.directory, `${name}.run`);
  }
}
