/**
 * The host's name servers, read again when its resolv.conf has changed: looked at once a second at most.
 */
import { files } from "@causeway/kernel";
import { parseResolvConf } from "../resolv-conf.ts";

const interval = 1000;

export class HostServers {
  readonly #path: string;
  readonly #now: () => number;
  #looked = Number.NEGATIVE_INFINITY;
  #version = "";
  #servers: readonly string[] = [];

  /** @param now milliseconds of a clock that never goes back */
  constructor(path: string, now: () => number) {
    this.#path = path;
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
      const stat = files.statSync(this.#path, { throwIfNoEntry: false });
      const version = stat === undefined ? "" : `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
      if (version === this.#version) return this.#servers;
      this.#servers =
        stat === undefined ? [] : parseResolvConf(files.readFileSync(this.#path, "utf8")).nameservers;
      this.#version = version;
    } catch {
      this.#servers = [];
      this.#version = "";
    }
    return this.#servers;
  }
}
