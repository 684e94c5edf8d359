/**
 * The host's resolv.conf as its sandboxes may use it: parsed once, and again when the file has changed.
 */
import { files } from "@causeway/kernel";
import { messageOf, unavailable } from "../../errors.ts";
import { emptyResolvConf, parseResolvConf, type ResolvConf, withoutLocalServers } from "./resolv-conf.ts";

/** systemd-resolved's stub listener; a host that names it alone keeps the real servers in a file of systemd's. */
const systemdStub = "127.0.0.53";

export class HostResolvConf {
  readonly #file: CachedResolvConf;
  readonly #systemdFile: CachedResolvConf;

  constructor(path: string, systemdPath: string) {
    this.#file = new CachedResolvConf(path);
    this.#systemdFile = new CachedResolvConf(systemdPath);
  }

  /**
   * Name servers on the host's loopback are left out. A file that is not there counts as empty.
   *
   * @throws resolv_conf_unreadable
   */
  read(): ResolvConf {
    const { all, reachable } = this.#file.read();
    const isStub = all.nameservers.length === 1 && all.nameservers[0] === systemdStub;
    return isStub ? this.#systemdFile.read().reachable : reachable;
  }
}

interface Parsed {
  readonly all: ResolvConf;
  readonly reachable: ResolvConf;
}

const absent: Parsed = Object.freeze({ all: emptyResolvConf, reachable: emptyResolvConf });

/** One file: a stat says whether the last parse still holds. */
export class CachedResolvConf {
  readonly #path: string;
  #version = "";
  #parsed = absent;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws resolv_conf_unreadable */
  read(): Parsed {
    try {
      const stat = files.statSync(this.#path, { throwIfNoEntry: false });
      if (stat === undefined) return absent;
      const version = `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
      if (version !== this.#version) {
        const all = parseResolvConf(files.readFileSync(this.#path, "utf8"));
        this.#parsed = { all, reachable: withoutLocalServers(all) };
        this.#version = version;
      }
      return this.#parsed;
    } catch (cause) {
      throw unavailable(
        "resolv_conf_unreadable",
        `cannot read the host's ${this.#path} (${messageOf(cause)}): check that it is a file that root may read`,
        cause,
      );
    }
  }
}
