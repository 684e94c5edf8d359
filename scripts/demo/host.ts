// The throw-away host of the demo, and a neighbour that plays the world outside: two namespaces, joined by a veth pair.
// Bind mounts in the demo's directory keep them, so that they can outlive this process and be found again.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { address, link, NetNamespace, Rtnl, route, unbindNamespace } from "@causeway/kernel";
import type { ControllerOptions } from "@causeway/libnetwork";
import { mountsBelow } from "./look.ts";
import { identityOf, processesIn } from "./processes.ts";
import { leftoversOf } from "./remnants.ts";
import { until } from "./until.ts";
import { type Place, startServer } from "./web.ts";

export class DemoHost {
  // From the ranges for documentation (RFC 5737, RFC 3849): nobody's addresses.
  readonly addresses = ["198.51.100.2", "2001:db8:51::2"] as const;
  readonly outsideAddresses = ["198.51.100.1", "2001:db8:51::1"] as const;
  /** Paths of the two namespaces. */
  readonly path: string;
  readonly outsidePath: string;
  readonly controllerOptions: ControllerOptions;
  /** Where everything of the demo's is. */
  readonly directory: string;
  readonly #serversFile: string;
  /** Namespaces that there were when the servers were stopped. */
  #known: ReadonlySet<string> = new Set();

  /** @param directory where a demo stands, or is to stand */
  constructor(directory: string) {
    this.directory = directory;
    this.#serversFile = join(directory, "servers.json");
    this.path = join(directory, "host");
    this.outsidePath = join(directory, "outside");
    this.controllerOptions = {
      stateDir: join(directory, "state"),
      runDir: join(directory, "run"),
      hostNamespace: this.path,
      defaultNetwork: false,
    };
  }

  /** True where a demo stands, or what is left of one. */
  get stands(): boolean {
    return existsSync(this.#serversFile);
  }

  /** Makes the two namespaces and the way between them. @throws where the directory is there already */
  build(): void {
    mkdirSync(this.directory);
    try {
      writeFileSync(this.#serversFile, "[]");
      this.#makeNamespaces();
    } catch (error) {
      this.letGo();
      throw error;
    }
  }

  #makeNamespaces(): void {
    using host = NetNamespace.create();
    using outside = NetNamespace.create();
    host.bindAt(this.path);
    outside.bindAt(this.outsidePath);
    using rtnl = new Rtnl(host);
    using rtnlOutside = new Rtnl(outside);
    const peer = { name: "eth0", namespaceFd: outside.fd };
    rtnl.execute(link.create({ name: "eth0", info: { kind: "veth", veth: { peer } } }));
    configure(rtnl, this.addresses);
    configure(rtnlOutside, this.outsideAddresses);
    rtnl.execute(...this.outsideAddresses.map((gateway) => route.add({ destination: "default", gateway })));
  }

  /** The world outside, as a place where processes can be started. */
  get outside(): Place {
    return {
      spawn: (command, args, options) => {
        using namespace = NetNamespace.open(this.outsidePath);
        return namespace.spawn(command, args, options);
      },
    };
  }

  /** Starts a web server on port 80 of a place: it stays until {@link stopServers}. */
  async serve(place: Place): Promise<void> {
    const { pid, ready } = startServer(place);
    writeFileSync(this.#serversFile, JSON.stringify([...this.#servers(), pid]));
    await ready;
  }

  /** Ends the web servers, and nothing else: a pid that is somebody else's by now is not in our namespaces. */
  async stopServers(): Promise<void> {
    const servers = new Set(this.#servers());
    this.#known = new Set(mountsBelow(this.directory).map(identityOf));
    const ours = () => processesIn(this.#known).filter(({ pid }) => servers.has(pid));
    for (const { pid } of ours()) process.kill(pid);
    await until(() => ours().length === 0);
  }

  /** What should be gone once everything has been deleted and the controller has been closed: a line each. */
  async leftovers(): Promise<readonly string[]> {
    const namespaces = new Map([
      ["on the host", this.path],
      ["outside", this.outsidePath],
    ]);
    const { directory } = this;
    const stage = { directory, namespaces, runDirs: [this.controllerOptions.runDir], known: this.#known };
    return leftoversOf(stage);
  }

  /** Lets go of both namespaces and of everything in the directory: every mount in it is a namespace's. */
  letGo(): void {
    for (const path of mountsBelow(this.directory)) unbindNamespace(path);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #servers(): readonly number[] {
    return JSON.parse(readFileSync(this.#serversFile, "utf8")) as readonly number[];
  }
}

/** Addresses of eth0. */
export function configure(rtnl: Rtnl, [ipv4, ipv6]: readonly [string, string]): void {
  const { index } = rtnl.query(link.get({ name: "eth0" }));
  rtnl.execute(
    link.change({ name: "lo" }, { up: true }),
    address.add({ link: index, address: ipv4, prefixLength: 24 }),
    address.add({ link: index, address: ipv6, prefixLength: 64 }),
    link.change({ index }, { up: true }),
  );
}
