import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { link, NetNamespace, namespaceId, Rtnl, route, writeSysctl } from "@causeway/kernel";
import { eventually } from "../../../../test/support/eventually.ts";
import { checkLeaks, type Scratch } from "../../../../test/support/leak-check.ts";
import { addressOn } from "../../../../test/support/wire.ts";
import type { Hint } from "../contracts/host-watch.ts";
import { KernelHostWatch } from "./host-watch.ts";

const mark = "causeway:me:";

/** A host with a bridge, a container on it, and a watch. */
class Scene implements Disposable {
  readonly host = NetNamespace.create();
  readonly inside = NetNamespace.create();
  readonly rtnl = new Rtnl(this.host);
  readonly insideRtnl = new Rtnl(this.inside);
  readonly directory: string;
  readonly heard = new Set<string>();
  readonly #watch: KernelHostWatch;

  constructor({ directory }: Scratch) {
    this.directory = join(directory, "run");
    mkdirSync(join(this.directory, "netns"), { recursive: true });
    const { host, rtnl } = this;
    this.#watch = new KernelHostWatch({ host, rtnl, runDir: this.directory, mark, filtered: true });
    this.#watch.start((hints) => {
      for (const hint of hints) this.heard.add(textOf(hint));
    });
    rtnl.execute(
      link.create({ name: "bridge", info: { kind: "bridge" } }),
      link.change({ name: "bridge" }, { alias: `${mark}network`, up: true }),
    );
    const master = rtnl.query(link.getIndex({ name: "bridge" }));
    const peer = { name: "eth0", namespaceFd: this.inside.fd };
    rtnl.execute(
      link.create({ name: "port", master, info: { kind: "veth", veth: { peer } } }),
      link.change({ name: "port" }, { alias: `${mark}endpoint` }),
      link.change({ name: "port" }, { up: true }),
      addressOn(master, "10.0.0.1/24"),
    );
    const index = this.insideRtnl.query(link.getIndex({ name: "eth0" }));
    this.insideRtnl.execute(
      link.change({ index }, { up: true }),
      addressOn(index, "10.0.0.2/24"),
      route.add({ destination: "default", gateway: "10.0.0.1" }),
    );
  }

  /** Waits until it has been told. */
  hears(...expected: readonly string[]): Promise<void> {
    return eventually(() => {
      for (const text of expected)
        assert.ok(this.heard.has(text), `${text}; heard ${[...this.heard].join(", ")}`);
    });
  }

  close(): void {
    this.#watch.close();
  }

  [Symbol.dispose](): void {
    this.close();
    for (const item of [this.rtnl, this.insideRtnl, this.host, this.inside]) item[Symbol.dispose]();
    rmSync(this.directory, { recursive: true });
  }
}

function textOf(hint: Hint): string {
  switch (hint.about) {
    case "object":
      return hint.id;
    case "link":
      return `link ${hint.name}`;
    case "namespace":
      return `namespace ${hint.path.split("/").at(-1)}`;
    case "nothing":
      return `nothing of ${hint.unheard}`;
    default:
      return hint.about;
  }
}

describe("host watch", () => {
  const scratch = checkLeaks();

  it("says nothing of what is made, and names what is taken away by its mark", async () => {
    using scene = new Scene(scratch);
    writeFileSync(join(scene.directory, "netns/made"), "");
    scene.rtnl.execute(link.create({ name: "foreign", info: { kind: "bridge" } }));
    scene.rtnl.execute(link.remove({ name: "foreign" }));
    await scene.hears("link foreign");
    assert.deepEqual([...scene.heard], ["link foreign"]);
    scene.rtnl.execute(link.change({ name: "port" }, { master: 0 }));
    await scene.hears("endpoint");
    assert.deepEqual([...scene.heard], ["link foreign", "endpoint"]);
    scene.rtnl.execute(link.remove({ name: "bridge" }));
    await scene.hears("network");
  });

  it("names by its mark what is taken away in a namespace of a network's own, which the host has a number for", async () => {
    using scene = new Scene(scratch);
    using own = NetNamespace.create();
    using rtnl = new Rtnl(own);
    scene.rtnl.execute(namespaceId.assign(own.fd));
    rtnl.execute(
      link.create({ name: "br0", info: { kind: "bridge" } }),
      link.change({ name: "br0" }, { alias: `${mark}overlay`, up: true }),
    );
    assert.deepEqual([...scene.heard], []);
    rtnl.execute(link.change({ name: "br0" }, { up: false }));
    await scene.hears("overlay");
  });

  it("finds a sandbox's endpoint for a route, an address or a link that is lost inside", async () => {
    using scene = new Scene(scratch);
    scene.insideRtnl.execute(route.remove({ destination: "default", gateway: "10.0.0.1" }));
    await scene.hears("endpoint");
    scene.heard.clear();
    scene.insideRtnl.execute(link.change({ name: "eth0" }, { up: false }));
    await scene.hears("endpoint");
    assert.deepEqual([...scene.heard], ["endpoint"]);
  });

  it("hears of forwarding, of strangers at the packet filter, and of namespaces that go", async () => {
    using scene = new Scene(scratch);
    scene.host.run(() => {
      writeSysctl("net/ipv4/ip_forward", 1);
      writeSysctl("net/ipv4/ip_forward", 0);
    });
    await scene.hears("host");
    await once(scene.host.spawn("nft", ["add", "table", "inet", "strange"]), "close");
    await scene.hears("firewall");
    writeFileSync(join(scene.directory, "netns/0123456789ab"), "");
    rmSync(join(scene.directory, "netns/0123456789ab"));
    await scene.hears("namespace 0123456789ab");
  });

  it("asks to look at everything when it was told too much", async () => {
    using scene = new Scene(scratch);
    const toggles = Array.from({ length: 60 }, (_, number) =>
      link.change({ name: "port" }, { up: number % 2 === 1 }),
    );
    for (let round = 0; round < 150; round++) scene.rtnl.execute(...toggles);
    await scene.hears("everything");
    scene.heard.clear();
    scene.rtnl.execute(link.change({ name: "bridge" }, { up: false }));
    await scene.hears("network");
  });

  it("is told nothing more when it was closed", async () => {
    using scene = new Scene(scratch);
    scene.rtnl.execute(link.change({ name: "bridge" }, { up: false }));
    scene.close();
    await new Promise((done) => setTimeout(done, 50));
    assert.deepEqual([...scene.heard], []);
  });

  it("goes on without a directory that cannot be watched, and keeps no process alive", () => {
    const script = `
      import { mkdtempSync } from "node:fs";
      import { NetNamespace, Rtnl } from "@causeway/kernel";
      import { KernelHostWatch } from ${JSON.stringify(import.meta.resolve("./host-watch.ts"))};
      const host = NetNamespace.current();
      const runDir = "/nowhere";
      const watch = new KernelHostWatch({ host, rtnl: new Rtnl(host), runDir, mark: "m", filtered: false });
      watch.start((hints) => console.log(hints.map(({ unheard, reason }) => unheard + ": " + reason).join()));
      setTimeout(() => undefined, 100);`;
    const limit = "echo 0 > /proc/sys/user/max_inotify_instances";
    const { stdout, stderr, status } = spawnSync(
      "unshare",
      [
        "-Urn",
        "sh",
        "-c",
        `${limit}; exec "$@"`,
        "sh",
        process.execPath,
        "--input-type=module",
        "--eval",
        script,
      ],
      { encoding: "utf8", timeout: 20_000, cwd: import.meta.dirname },
    );
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /^files that go from \/nowhere\/netns: inotify_init1 failed with EMFILE\n$/);
  });
});
