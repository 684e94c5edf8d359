// The files of sandboxes as programs in them see them: mounted over /etc, read and written by the mounted path.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { describe, type TestContext, test } from "node:test";
import type { Sandbox } from "@causeway/libnetwork";
import { TestHost } from "../support/host.ts";
import { ipv4Only } from "../support/scenes.ts";

const files = ["hosts", "hostname", "resolv.conf"];

/** A shell in a mount namespace where the sandbox's files are mounted over /etc's, as a container runtime does it. */
async function shellIn(t: TestContext, { files: paths }: Sandbox) {
  const mounts = [paths.hosts, paths.hostname, paths.resolvConf];
  const script = `set -e
    i=0; for file in ${files.join(" ")}; do mount --bind "$1" "/etc/$file"; shift; done
    echo ready; while read -r line; do eval "$line"; echo "done $?"; done`;
  const child = spawn("unshare", ["--mount", "sh", "-c", script, "sh", ...mounts], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const end = async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, "exit");
  };
  t.after(end);
  assert.equal((await lines.next()).value, "ready");
  /** Runs a command there, and answers with its output. */
  const run = async (command: string): Promise<string> => {
    child.stdin.write(`${command}\n`);
    const output: string[] = [];
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error("the shell has ended");
      if (/^done \d+$/.test(value)) return output.join("\n");
      output.push(value);
    }
  };
  return { run, end };
}

const hostsOf = ({ files: { hosts } }: Sandbox) => readFileSync(hosts, "utf8");

describe("files in a container", () => {
  test("are right after each change, by the mount; lines that a program in it adds stay", async (t) => {
    const host = await TestHost.create(t);
    const [one, two] = [await ipv4Only(host, "one", 1), await ipv4Only(host, "two", 2)];
    const { sandbox } = await host.controller.attach(one, { containerId: "c", sandbox: { hostname: "web" } });
    const shell = await shellIn(t, sandbox);
    const inode = statSync(sandbox.files.hosts).ino;
    assert.equal(await shell.run("getent hosts web | cut -d' ' -f1"), "172.30.1.2");
    await shell.run("echo '10.7.7.7 mine' >> /etc/hosts");
    const endpoint = await two.connect(sandbox, "second");
    assert.match(await shell.run("cat /etc/hosts"), /^172\.30\.2\.2\tweb$/m);
    assert.match(await shell.run("getent hosts mine"), /^10\.7\.7\.7/);
    await endpoint.leave(sandbox);
    assert.doesNotMatch(await shell.run("cat /etc/hosts"), /172\.30\.2\.2/);
    await sandbox.refresh({ hostname: "other" });
    assert.match(await shell.run("cat /etc/hosts"), /^172\.30\.1\.2\tother$/m);
    assert.equal(await shell.run("cat /etc/hostname"), "other");
    await host.restart();
    const [again] = host.controller.sandboxes();
    assert.ok(again);
    assert.match(await shell.run("getent hosts mine"), /^10\.7\.7\.7/);
    await again.setExtraHosts([{ name: "db", address: "10.0.0.5" }]);
    assert.match(await shell.run("getent hosts db"), /^10\.0\.0\.5/);
    assert.match(await shell.run("getent hosts mine"), /^10\.7\.7\.7/);
    assert.equal(await shell.run("stat -c %i /etc/hosts"), String(inode));
    await shell.end();
  });

  test("resolv.conf and hostname that a program in it writes are its own until it empties them", async (t) => {
    const host = await TestHost.create(t, { resolver: false });
    const network = await ipv4Only(host, "one", 1);
    const { sandbox } = await host.controller.attach(network, {
      containerId: "c",
      sandbox: { hostname: "web", dns: ["192.0.2.1"] },
    });
    const shell = await shellIn(t, sandbox);
    assert.match(await shell.run("cat /etc/resolv.conf"), /^nameserver 192\.0\.2\.1$/m);
    await shell.run("echo 'nameserver 192.0.2.99' > /etc/resolv.conf; echo theirs > /etc/hostname");
    const theirs = async (of: Sandbox) => {
      assert.equal(await shell.run("cat /etc/resolv.conf /etc/hostname"), "nameserver 192.0.2.99\ntheirs");
      const { ok, items } = await host.controller.inspectHealth();
      assert.equal(ok, true);
      const told = items.map(({ code, message }) => [
        code,
        message.match(/\S+\/(hosts|hostname|resolv\.conf)/)?.[0],
      ]);
      assert.deepEqual(told, [
        ["file_edited", of.files.hostname],
        ["file_edited", of.files.resolvConf],
      ]);
    };
    await theirs(sandbox);
    await sandbox.refresh({ dns: ["192.0.2.2"], hostname: "new" });
    await theirs(sandbox);
    assert.deepEqual((await host.controller.repair()).left, []);
    await host.restart();
    const [again] = host.controller.sandboxes();
    assert.ok(again);
    await theirs(again);
    await again.refresh({ dns: ["192.0.2.3"] });
    await theirs(again);
    await shell.run(": > /etc/resolv.conf; : > /etc/hostname");
    await again.refresh();
    assert.match(await shell.run("cat /etc/resolv.conf"), /^nameserver 192\.0\.2\.3$/m);
    assert.equal(await shell.run("cat /etc/hostname"), "new");
    await shell.end();
  });
});

describe("links where no resolver answers", () => {
  const linked = (sandbox: Sandbox) =>
    hostsOf(sandbox)
      .split("\n")
      .filter((line) => line.includes("\tstore "));

  test("are lines in the hosts file, and follow who is linked to", async (t) => {
    const host = await TestHost.create(t, { defaultNetwork: {} });
    const { controller } = host;
    const bridge = controller.networkByName("bridge");
    assert.ok(bridge);
    const links = { store: "db" };
    const { sandbox: web } = await controller.attach(bridge, { containerId: "web", endpoint: { links } });
    assert.deepEqual(linked(web), [], "nobody is called so yet");
    const containerId = "0123456789abcdef".repeat(4);
    const { sandbox: db, endpoint } = await controller.attach(bridge, { containerId, endpointName: "db" });
    const address = () => endpoint.record.interface.ipv4?.replace(/\/\d+$/, "");
    const line = () => `${address()}\tstore db 0123456789ab`;
    assert.deepEqual(linked(web), [line()]);
    const { ino } = statSync(web.files.hosts);

    await endpoint.leave(db);
    assert.deepEqual(linked(web), []);
    await endpoint.join(db);
    assert.deepEqual(linked(web), [line()]);
    await host.restart({ defaultNetwork: {} });
    const again = host.controller.sandboxByContainerId("web");
    const store = host.controller.sandboxByContainerId(containerId);
    assert.ok(again && store);
    assert.deepEqual(linked(again), [line()]);
    assert.equal(statSync(again.files.hosts).ino, ino);

    await store.delete({ endpoints: "delete" });
    assert.deepEqual(linked(again), []);
    const next = host.controller.networkByName("bridge");
    assert.ok(next);
    const { endpoint: other, sandbox } = await host.controller.attach(next, {
      containerId: "db2",
      endpointName: "db",
    });
    const moved = other.record.interface.ipv4?.replace(/\/\d+$/, "");
    assert.deepEqual(linked(again), [`${moved}\tstore db db2`]);

    // Who links goes first, and its files with it.
    const { hosts } = again.files;
    await again.delete({ endpoints: "delete" });
    await sandbox.delete({ endpoints: "delete" });
    assert.equal(existsSync(hosts), false);
    await host.restart({ defaultNetwork: false });
  });

  test("are found by the container's id too, in that network alone, and change with the endpoint's names", async (t) => {
    const host = await TestHost.create(t, { resolver: false });
    const { controller } = host;
    const [one, two] = [await ipv4Only(host, "one", 1), await ipv4Only(host, "two", 2)];
    const { sandbox: web, endpoint } = await controller.attach(one, {
      containerId: "web",
      endpoint: { links: { store: "box" } },
    });
    await controller.attach(two, { containerId: "box" });
    assert.deepEqual(linked(web), []);
    const { sandbox: db } = await controller.attach(one, { containerId: "db", endpointName: "e1" });
    await db.rename("elsewhere");
    assert.deepEqual(linked(web), []);
    await endpoint.updateNames({ links: { store: "elsewhere" } });
    assert.deepEqual(linked(web), ["172.30.1.3\tstore e1 elsewhere"]);
    await db.rename("gone");
    assert.deepEqual(linked(web), []);
    writeFileSync(web.files.hosts, `${hostsOf(web)}10.0.0.1 mine\n`);
    await db.rename("elsewhere");
    assert.deepEqual(linked(web), ["172.30.1.3\tstore e1 elsewhere"]);
    assert.match(hostsOf(web), /^10\.0\.0\.1 mine$/m);
  });
});
