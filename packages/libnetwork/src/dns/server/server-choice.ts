/**
 * Whom others' names are asked of: a sandbox's own servers, from within it; those of its networks; or the host's.
 */
import type { SandboxNames } from "../../contracts/names.ts";
import type { ResolvConf } from "../files/resolv-conf.ts";
import type { Client, Forwarder, Server } from "../upstream/contract.ts";
import { mannerOf } from "../upstream/manner.ts";
import type { Zone } from "../zone/zone.ts";
import type { HostServers } from "./host-servers.ts";

const dnsPort = 53;
/** What stands for the host's namespace where a server's is told; sandboxes' have their ids. */
export const hostKey = "host";

export class ServerChoice {
  readonly #zone: Zone;
  readonly #hostServers: HostServers;
  readonly #forwarder: Pick<Forwarder, "clear">;
  #seenHost: ResolvConf | undefined;

  /** @param forwarder is to forget what it was told by servers that the host had before */
  constructor(zone: Zone, hostServers: HostServers, forwarder: Pick<Forwarder, "clear">) {
    this.#zone = zone;
    this.#hostServers = hostServers;
    this.#forwarder = forwarder;
  }

  /** @returns brings the client's servers up to date: to be called before each question to them */
  chooserOf(sandboxId: string, client: Client): () => void {
    let told: readonly [SandboxNames | undefined, ResolvConf] | undefined;
    return () => {
      const names = this.#zone.namesOf(sandboxId);
      const host = this.#hostConf();
      if (told !== undefined && told[0] === names && told[1] === host) return;
      told = [names, host];
      // As in the sandbox's resolv.conf.
      const options = names !== undefined && names.options.length > 0 ? names.options : host.options;
      client.setServers(serversOf(sandboxId, names, host), mannerOf(options));
    };
  }

  #hostConf(): ResolvConf {
    const conf = this.#hostServers.read();
    if (conf !== this.#seenHost) {
      this.#seenHost = conf;
      this.#forwarder.clear();
    }
    return conf;
  }
}

function serversOf(sandboxId: string, names: SandboxNames | undefined, host: ResolvConf): readonly Server[] {
  const own = names?.servers ?? [];
  const ofNetworks = names?.memberships.flatMap(({ servers }) => servers) ?? [];
  const [addresses, namespace] =
    own.length > 0 ? [own, sandboxId] : [ofNetworks.length > 0 ? ofNetworks : host.nameservers, hostKey];
  return addresses.map((address) => ({ address, port: dnsPort, namespace }));
}
