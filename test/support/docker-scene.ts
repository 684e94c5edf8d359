// Docker's own daemon with our plugin, and a machine outside: what there is on the host, and what answers whom.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";
import { NetNamespace, NftContext, Rtnl, route } from "@causeway/kernel";
import { Dockerd } from "./dockerd.ts";
import { eventually } from "./eventually.ts";
import { packetFilter } from "./kernel-state.ts";
import { ServedPlugin } from "./served-plugin.ts";
import { joinByWire } from "./wire.ts";

/** A dockerd with our plugin, and a machine outside at 192.0.2.2 whose way to everything is the host, 192.0.2.1. */
export class DockerScene implements AsyncDisposable {
  readonly dockerd: Dockerd;
  readonly plugin: ServedPlugin;
  readonly stateDir: string;
  readonly outside = NetNamespace.create();

  private constructor(dockerd: Dockerd, plugin: ServedPlugin, stateDir: string) {
    this.dockerd = dockerd;
    this.plugin = plugin;
    this.stateDir = stateDir;
    joinByWire(
      { namespace: dockerd.namespace, name: "uplink0", addresses: ["192.0.2.1/24", "2001:db8:2::1/64"] },
      { namespace: this.outside, name: "eth0", addresses: ["192.0.2.2/24", "2001:db8:2::2/64"] },
    );
    using rtnl = new Rtnl(this.outside);
    rtnl.execute(route.add({ destination: "10.0.0.0/8", gateway: "192.0.2.1" }));
  }

  static async create(
    t: TestContext,
    name: string,
    daemonFlags: readonly string[] = [],
  ): Promise<DockerScene> {
    const dockerd = await Dockerd.start(daemonFlags);
    const directory = mkdtempSync(join(tmpdir(), "causeway-served-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const stateDir = join(directory, "state");
    // dockerd looks for plugins in one directory of the whole machine.
    const plugin = await ServedPlugin.start(t, {
      name: `${name}-${process.pid}`,
      stateDir,
      hostNamespace: dockerd.netns,
    });
    return new DockerScene(dockerd, plugin, stateDir);
  }

  /** `NAME` in a command is the plugin's. */
  docker(command: string): Promise<string> {
    return this.dockerd.docker(...command.replaceAll("NAME", this.plugin.name).split(" "));
  }

  /** A container that says its name to whoever connects to port 80. */
  async serve(name: string, options: string): Promise<void> {
    const serving = `box busybox nc -ll -p 80 -e /bin/busybox echo ${name}`;
    await this.docker(`run -d --name ${name} --stop-timeout 0 ${options} ${serving}`);
  }

  /** What answers at an address, asked by a machine; undefined where nothing does. */
  async answer(from: NetNamespace, address: string, port: number): Promise<string | undefined> {
    const nc = from.spawn("busybox", ["nc", "-w", "2", address, String(port)], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let said = "";
    nc.stdout?.on("data", (text: Buffer) => {
      said += text.toString();
    });
    const [status] = await once(nc, "close");
    return status === 0 ? said.trim() : undefined;
  }

  async answers(from: NetNamespace, address: string, port: number, text: string): Promise<void> {
    await eventually(async () => assert.equal(await this.answer(from, address, port), text));
  }

  async refuses(from: NetNamespace, address: string, port: number): Promise<void> {
    assert.equal(await this.answer(from, address, port), undefined, `${address}:${port} answers`);
  }

  addressOf(container: string, network: string, field = "IPAddress"): Promise<string> {
    return this.docker(`inspect --format {{.NetworkSettings.Networks.${network}.${field}}} ${container}`);
  }

  links(): string[] {
    using rtnl = new Rtnl(this.dockerd.namespace);
    return rtnl.findLinks().map(({ name }) => name);
  }

  /** Links, stored records, rules: all of it gone, once the plugin has ended. */
  async nothingIsLeft(): Promise<void> {
    await eventually(() => assert.deepEqual(this.links().sort(), ["docker0", "lo", "uplink0"]));
    assert.deepEqual(await this.plugin.end("SIGTERM"), [0, null]);
    using database = new DatabaseSync(join(this.stateDir, "causeway.db"), { readOnly: true });
    const records = database.prepare("SELECT kind, id FROM records WHERE kind LIKE 'served-%'").all();
    assert.deepEqual(records, []);
    // Our tables stay where we have turned forwarding on, so that the host does not become a router.
    using context = new NftContext(this.dockerd.namespace);
    assert.deepEqual(
      packetFilter(context).filter((line) => /^element|CAUSEWAY/.test(line)),
      [],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dockerd[Symbol.asyncDispose]();
    this.outside[Symbol.dispose]();
  }
}
