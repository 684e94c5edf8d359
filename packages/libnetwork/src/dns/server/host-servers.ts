/**
 * The host's name servers, read again when its resolv.conf has changed: looked at once a second at most.
 */
import { CachedResolvConf } from "../host-resolv-conf.ts";
import { emptyResolvConf } from "../resolv-conf.ts";

const interval = 1000;

export class HostServers {
  readonly #file: CachedResolvConf;
  readonly #now: () => number;
  #looked = Number.NEGATIVE_INFINITY;
  #servers = emptyResolvConf.nameservers;

  /** @param now milliseconds of a clock that never goes back */
  constructor(path: string, now: () => number) {
    this.#file = new CachedResolvConf(path);
    this.#now = now;
  }

  /**
   * Those of the host's loopback too: they are asked from the host. A file that is not there, or cannot be read, names none.
   *
   * @returns the same array for as long as the file is the same
   */
  read(): readonly string[] {
    if (this.#now() - this.#looked < interval) return this.#servers;
    this.#looked = this.#now();
    try {
      this.#servers = this.#file.read().all.nameservers;
    } catch {
      this.#servers = emptyResolvConf.nameservers;
    }
    return this.#servers;
  }
}
