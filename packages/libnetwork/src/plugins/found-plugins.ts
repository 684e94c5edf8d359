/**
 * FoundPlugins: plugins of Docker's protocol, by their names. One client a plugin, whether it is a driver, an IPAM or both.
 */
import { listPlugins, PluginClient, type PluginDirectories } from "@causeway/plugin-sdk";
import type { Driver } from "../contracts/driver.ts";
import type { Ipam } from "../contracts/ipam.ts";
import type { Plugins } from "../contracts/plugins.ts";

export interface FoundPluginsOptions {
  readonly directories: PluginDirectories;
  /** Milliseconds that one attempt of a call may take. */
  readonly timeout: number;
  /** Milliseconds in which connections are tried. */
  readonly patience: number;
  readonly makeDriver: (client: PluginClient) => Driver;
  readonly makeIpam: (client: PluginClient) => Ipam;
}

export class FoundPlugins implements Plugins {
  readonly #options: FoundPluginsOptions;
  readonly #clients = new Map<string, PluginClient>();
  readonly #drivers = new Map<string, Driver>();
  readonly #ipams = new Map<string, Ipam>();

  constructor(options: FoundPluginsOptions) {
    this.#options = options;
  }

  driver(name: string): Driver {
    const known = this.#drivers.get(name);
    if (known !== undefined) return known;
    const made = this.#options.makeDriver(this.#client(name));
    this.#drivers.set(name, made);
    return made;
  }

  ipam(name: string): Ipam {
    const known = this.#ipams.get(name);
    if (known !== undefined) return known;
    const made = this.#options.makeIpam(this.#client(name));
    this.#ipams.set(name, made);
    return made;
  }

  names(): readonly string[] {
    return listPlugins(this.#options.directories);
  }

  close(): void {
    for (const client of this.#clients.values()) client[Symbol.dispose]();
  }

  #client(name: string): PluginClient {
    const known = this.#clients.get(name);
    if (known !== undefined) return known;
    const { directories, timeout, patience } = this.#options;
    const made = new PluginClient(name, { directories, timeout, patience });
    this.#clients.set(name, made);
    return made;
  }
}
