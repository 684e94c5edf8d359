import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { eventually } from "../../../../test/support/eventually.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { needsProcessLimit, ProcessLimit } from "../../../../test/support/process-limit.ts";
import { Monitor } from "../netlink/monitor.ts";
import * as address from "../rtnl/address.ts";
import * as link from "../rtnl/link.ts";
import { Rtnl } from "../rtnl/rtnl.ts";
import { TestHost } from "../rtnl/test-support.ts";
import { isKernelError } from "../sys/errors.ts";
import { NetNamespace } from "../sys/namespace.ts";
import { Reaper } from "./reaper.ts";

/** A host with `count` veth pairs h0, h1 ... whose far ends are in namespaces of their own, kept at paths. */
class Host extends TestHost {
  readonly paths: string[] = [];

  constructor(directory: string, count: number) {
    super();
    for (let number = 0; number < count; number++) {
      using far = NetNamespace.create();
      const path = join(directory, `${this.namespace.identity}-${number}`);
      far.bindAt(path);
      this.paths.push(path);
      const veth = { peer: { name: "eth0", namespaceFd: far.fd } };
      this.rtnl.execute(link.create({ name: `h${number}`, info: { kind: "veth", veth } }));
    }
  }

  override names(): string[] {
    return super.names().filter((name) => name !== "lo");
  }
}

describe("reaper", () => {
  const { directory } = checkLeaks();

  it("deletes links by name and by index, and answers when they are gone", async () => {
    using host = new Host(directory, 3);
    await using reaper = new Reaper(host.namespace);
    const { index } = host.rtnl.query(link.get({ name: "h0" }));
    await Promise.all([reaper.deleteLink({ index }), reaper.deleteLink({ name: "h2" })]);
    assert.deepEqual(host.names(), ["h1"]);
    await Promise.all(host.paths.map((path) => reaper.releaseNamespace(path)));
  });

  it("leaves foreign links alone, whatever their group", async () => {
    using host = new Host(directory, 2);
    host.rtnl.execute(link.change({ name: "h1" }, { group: 5 }));
    await using reaper = new Reaper(host.namespace);
    await reaper.deleteLink({ name: "h0" });
    const left = host.rtnl.query(link.get({ name: "h1" }));
    assert.equal(left.group, 5);
    await Promise.all(host.paths.map((path) => reaper.releaseNamespace(path)));
  });

  it("deletes links of a namespace that is kept at a path, which may be gone by then", async () => {
    using host = new Host(directory, 2);
    const [first = "", second = ""] = host.paths;
    await using reaper = new Reaper(host.namespace);
    await Promise.all([
      reaper.deleteLink({ name: "eth0" }, first),
      reaper.deleteLink({ name: "eth0" }, join(directory, "never-there")),
    ]);
    assert.deepEqual(host.names(), ["h1"]);
    await Promise.all([reaper.releaseNamespace(second), reaper.deleteLink({ name: "eth0" }, second)]);
    assert.equal(existsSync(second), false);
    await reaper.releaseNamespace(first);
  });

  it("counts a missing link as deleted, also when the peer's namespace took it along", async () => {
    using host = new Host(directory, 40);
    await using reaper = new Reaper(host.namespace);
    await reaper.deleteLink({ name: "never-there" });
    const released = host.paths.map((path) => reaper.releaseNamespace(path));
    const deleted = host.names().map((name) => reaper.deleteLink({ name }));
    await Promise.all([...released, ...deleted]);
    assert.deepEqual(host.names(), []);
  });

  it("tells the caller whose link the kernel keeps, and deletes the others", async () => {
    using host = new Host(directory, 2);
    await using reaper = new Reaper(host.namespace);
    const outcomes = await Promise.allSettled(["h0", "lo", "h1"].map((name) => reaper.deleteLink({ name })));
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    const refused = outcomes.find((outcome) => outcome.status === "rejected")?.reason;
    assert.ok(isKernelError(refused, "EOPNOTSUPP"), String(refused));
    assert.match(refused.message, /RTM_DELLINK lo/);
    assert.deepEqual(host.names(), []);
    assert.equal(
      host.rtnl.query(link.get({ name: "lo" })).group,
      0,
      "the loopback is out of the reaper's group again",
    );
    await Promise.all(host.paths.map((path) => reaper.releaseNamespace(path)));
  });

  it("releases a namespace: its file and its links are gone; a missing one is fine, a foreign mount point is told", async () => {
    using host = new Host(directory, 1);
    await using reaper = new Reaper(host.namespace);
    const [path = ""] = host.paths;
    await reaper.releaseNamespace(path);
    assert.equal(existsSync(path), false);
    await eventually(() => assert.deepEqual(host.names(), []));
    await reaper.releaseNamespace(path);
    const plainFile = join(directory, "not-mounted");
    writeFileSync(plainFile, "");
    await reaper.releaseNamespace(plainFile);
    assert.equal(existsSync(plainFile), false);
    await assert.rejects(reaper.releaseNamespace(directory), /rm .* failed with/);
  });

  // How long either takes is measured by bench/detach.bench.ts.
  it("reaps 200 links and namespaces bit by bit, while addresses are made elsewhere", async () => {
    using host = new Host(directory, 200);
    await using reaper = new Reaper(host.namespace);
    for (const name of host.names()) host.rtnl.execute(link.change({ name }, { up: false }));

    using elsewhere = NetNamespace.create();
    using rtnl = new Rtnl(elsewhere);
    /** How many links were left when an address had been made. */
    const left: number[] = [];
    const probe = setInterval(() => {
      const octets = `10.0.${left.length >> 8}.${left.length & 255}`;
      rtnl.execute(address.add({ link: 1, address: octets, prefixLength: 32 }));
      left.push(host.names().length);
    }, 1);
    await Promise.all([
      ...host.names().map((name) => reaper.deleteLink({ name })),
      ...host.paths.map((path) => reaper.releaseNamespace(path)),
    ]);
    clearInterval(probe);
    assert.deepEqual(host.names(), []);
    assert.ok(!host.paths.some(existsSync));
    // Some go at a time, and others get the kernel's lock in between: not all of them in one go.
    const between = left.filter((count) => count > 0 && count < 200);
    assert.ok(between.length > 0, `an address was made when there were ${left.join(", ")} links`);
    assert.equal(rtnl.dump(address.list({ link: 1 })).length, left.length);
  });

  it("lets go of the kernel's lock after ten links", async () => {
    using host = new Host(directory, 100);
    // Of links that are down the kernel does not tell that their group changed.
    for (const name of host.names()) host.rtnl.execute(link.change({ name }, { up: true }));
    using monitor = new Monitor([link.events], { namespace: host.namespace });
    await using reaper = new Reaper(host.namespace);
    await Promise.all(host.names().map((name) => reaper.deleteLink({ name })));
    host.rtnl.execute(link.create({ name: "last", info: { kind: "bridge" } }));
    /** How many links went one after the other, between changes to those that follow. */
    const steps: number[] = [];
    for (let removed = 0; ; ) {
      const { value, done } = await monitor.next();
      assert.ok(done !== true && value.type === "link");
      if (value.change === "removed") removed++;
      else if (removed > 0) {
        steps.push(removed);
        removed = 0;
      }
      if (value.link.name === "last") break;
    }
    assert.deepEqual(
      [steps.reduce((sum, step) => sum + step, 0), steps.filter((step) => step > 10)],
      [100, []],
    );
    await Promise.all(host.paths.map((path) => reaper.releaseNamespace(path)));
  });

  it("drains: what was handed over is done, failures too", async () => {
    using host = new Host(directory, 30);
    await using reaper = new Reaper(host.namespace);
    const failing = assert.rejects(reaper.deleteLink({ name: "lo" }));
    for (const name of host.names()) void reaper.deleteLink({ name });
    await reaper.drain();
    assert.deepEqual(host.names(), []);
    await failing;
    await Promise.all(host.paths.map((path) => reaper.releaseNamespace(path)));
  });

  it("works on the caller's thread where there is none for it", { skip: needsProcessLimit() }, async () => {
    using host = new Host(directory, 3);
    await using reaper = new Reaper(host.namespace);
    {
      using _limit = new ProcessLimit();
      await Promise.all([
        reaper.deleteLink({ name: "h0" }),
        reaper.deleteLink({ name: "missing" }),
        assert.rejects(reaper.deleteLink({ name: "lo" }), { code: "EOPNOTSUPP" }),
        reaper.forgetConnections([{ originalSource: "192.0.2.1" }]),
        ...host.paths.map((path) => reaper.releaseNamespace(path)),
      ]);
      assert.ok(host.paths.every((path) => !existsSync(path)));
    }
    await reaper.deleteLink({ name: "h1" });
    await eventually(() => assert.deepEqual(host.names(), []));
  });

  it("finishes at close and takes nothing on afterwards", async () => {
    using host = new Host(directory, 5);
    const reaper = new Reaper(host.namespace);
    for (const name of host.names()) void reaper.deleteLink({ name });
    for (const path of host.paths) void reaper.releaseNamespace(path);
    await reaper.close();
    assert.deepEqual(host.names(), []);
    await assert.rejects(reaper.deleteLink({ name: "h0" }), /closed/);
    await reaper.close();
  });

  /** A process whose event loop nothing else keeps alive. */
  const inProcess = (script: string) => {
    const program = `
      import { NetNamespace } from ${JSON.stringify(import.meta.resolve("../sys/namespace.ts"))};
      import { Reaper } from ${JSON.stringify(import.meta.resolve("./reaper.ts"))};
      const reaper = new Reaper(NetNamespace.create());
      ${script}
    `;
    const options = { encoding: "utf8", timeout: 20_000 } as const;
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ["--input-type=module", "--eval", program],
      options,
    );
    return { stdout, stderr, status };
  };

  it("lets the process end when idle, and not before the work is done", () => {
    const ended = inProcess('void reaper.deleteLink({ name: "gone" }).then(() => console.log("done"));');
    assert.deepEqual(ended, { stdout: "done\n", stderr: "", status: 0 });
  });

  it("keeps the process alive until it has closed", () => {
    const ended = inProcess(`
      reaper.later(reaper.deleteLink({ name: "gone" }));
      await reaper.close();
      console.log("closed");
    `);
    assert.deepEqual(ended, { stdout: "closed\n", stderr: "", status: 0 });
  });

  it("tells what went wrong where nobody waits", () => {
    const ended = inProcess(`
      process.on("warning", ({ message }) => console.log(message));
      reaper.later(reaper.deleteLink({ name: "lo" }));
      await reaper.close();
    `);
    assert.match(ended.stdout, /RTM_DELLINK lo failed with EOPNOTSUPP/);
    assert.equal(ended.status, 0);
  });
});
