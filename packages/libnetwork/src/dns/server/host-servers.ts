/**
 * The host's name servers, read again when its resolv.conf has changed: looked at once a second at most.
 */
import { CachedResolvConf } from "../files/host-resolv-conf.ts";
import { emptyResolvConf, type ResolvConf } from "../files/resolv-conf.ts";

const interval = 1000;
/** resolv.conf(5): where no server is named, the one on the local machine is asked. */
const localServer: readonly string[] = ["127.0.0.1"];

export class HostServers {
  readonly #file: CachedResolvConf;
  readonly #now: () => number;
  #looked = Number.NEGATIVE_INFINITY;
  /** As it was read, and as it is to be understood. */
  #read: ResolvConf | undefined;
  #conf = emptyResolvConf;

  /** @param now milliseconds of a clock that never goes back */
  constructor(path: string, now: () => number) {
    this.#file = new CachedResolvConf(path);
    this.#now = now;
  }

  /**
   * With the servers of the host's loopback, such as systemd-resolved's stub: they are asked from the host. A file that is not there, or cannot be
   * read, names none.
   *
   * @returns the same object for as long as the file is the same
   */
  read(): ResolvConf {
    if (this.#now() - this.#looked < interval) return this.#conf;
    this.#looked = this.#now();
    const conf = this.#readFile();
    if (conf !== this.#read) {
      this.#read = conf;
      this.#conf = conf.nameservers.length > 0 ? conf : { ...conf, nameservers: localServer };
    }
    return this.#conf;
  }

  #readFile(): ResolvConf {
    try {
      return this.#file.read().all;
    } catch {
      return emptyResolvConf;
    }
  }
}
