// Containers by runc in their networks: who reaches whom, by packets.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { ContainerCreate, Launch } from "@causeway/daemon/api";
import { ContainerScene } from "../support/containers.ts";
import { eventually } from "../support/eventually.ts";
import { Outside } from "../support/outside.ts";
import { needsPeer } from "../support/peers.ts";
import { ask } from "../support/traffic.ts";

/** Says hello to everybody who connects to port 80. */
const server = ["sh", "-c", "while :; do echo hello | nc -l -p 80; done"];
const sleeper = ["sleep", "1000"];
const ping = (address: string) => ["ping", "-c1", "-W1", address];

async function twoNetworks(t: TestContext): Promise<ContainerScene> {
  const scene = await ContainerScene.create(t);
  await scene.network("red", { ipam: { config: [{ subnet: "10.61.0.0/24" }] } });
  await scene.network("blue", { ipam: { config: [{ subnet: "10.62.0.0/24" }] } });
  return scene;
}

describe("containers in networks", { skip: needsPeer("runc", "busybox") }, () => {
  test("they reach each other in a network, not across networks, and one in two networks reaches both", async (t) => {
    const scene = await twoNetworks(t);
    await scene.start(sleeper, { name: "red1", networks: [{ network: "red", ipv4: "10.61.0.9" }] });
    await scene.start(sleeper, { name: "blue1", networks: [{ network: "blue", ipv4: "10.62.0.9" }] });
    const inRed = { networks: [{ network: "red" }], removeWhenEnded: true };
    assert.equal((await scene.run(ping("10.61.0.9"), inRed)).code, 0);
    assert.equal((await scene.run(ping("10.62.0.9"), inRed)).code, 1);
    const inBoth = {
      networks: [{ network: "red" }, { network: "blue", interfaceName: "second" }],
      removeWhenEnded: true,
    };
    const both = await scene.run(
      ["sh", "-c", "ping -c1 -W1 10.61.0.9 && ping -c1 -W1 10.62.0.9 && ip link show second"],
      inBoth,
    );
    assert.equal(both.code, 0, both.output);
  });

  test("one is connected to a network, and disconnected, while it runs", async (t) => {
    const scene = await twoNetworks(t);
    await scene.start(sleeper, { name: "blue1", networks: [{ network: "blue", ipv4: "10.62.0.9" }] });
    const tries = "while :; do ping -c1 -W1 10.62.0.9 >/dev/null && echo there || echo away; sleep 0.1; done";
    await scene.start(["sh", "-c", tries], { name: "red1", networks: [{ network: "red" }] });
    const last = async (word: string) => assert.equal(await scene.logs("red1", "?tail=1"), `${word}\n`);
    await eventually(() => last("away"));
    scene.must(await scene.daemon.ask("POST", "/cnm/v1/containers/red1/connect", { network: "blue" }), 204);
    await eventually(() => last("there"));
    scene.must(
      await scene.daemon.ask("POST", "/cnm/v1/containers/red1/disconnect", { network: "blue" }),
      204,
    );
    await eventually(() => last("away"));
    const again = await scene.daemon.ask("POST", "/cnm/v1/containers/red1/disconnect", { network: "blue" });
    assert.equal(again.status, 404, again.text);
  });

  test("a published port is reached from outside, and is free when the container has ended", async (t) => {
    const scene = await twoNetworks(t);
    using outside = new Outside(scene.daemon.host);
    const question = { address: outside.hostIpv4, port: 8080 };
    await scene.start(server, {
      name: "echo",
      networks: [{ network: "red" }],
      publish: [{ containerPort: 80, hostPort: 8080 }],
      removeWhenEnded: true,
    });
    await eventually(async () => assert.equal(await ask(outside.namespace, question), "hello\n"));
    const taken = await scene.ask(sleeper, {
      detached: true,
      networks: [{ network: "red" }],
      publish: [{ containerPort: 80, hostPort: 8080 }],
    });
    assert.equal(taken.status, 409, taken.text);
    assert.equal((await scene.list()).length, 1);
    await scene.stop("echo");
    assert.deepEqual(await scene.list(), []);
    assert.notEqual(await ask(outside.namespace, question), "hello\n");
  });

  test("another's network is shared; none has a loopback alone; the host's is the host's", async (t) => {
    const scene = await twoNetworks(t);
    await scene.start(server, {
      name: "owner",
      networks: [{ network: "red", ipv4: "10.61.0.9" }],
      hostname: "shared",
    });
    const asks = ["sh", "-c", "nc 127.0.0.1 80 </dev/null; hostname; cat /etc/hosts"];
    await eventually(async () => {
      const shared = await scene.run(asks, { shareWith: "owner", removeWhenEnded: true });
      assert.match(shared.output, /^hello\nshared\n[\s\S]*10\.61\.0\.9\s+shared/);
    });
    const none = await scene.run(["ip", "-o", "addr"], {
      networks: [{ network: "none" }],
      removeWhenEnded: true,
    });
    assert.match(none.output, /127\.0\.0\.1/);
    assert.doesNotMatch(none.output, /eth0/);
    const hosts = await scene.run(["ip", "-o", "link"], {
      networks: [{ network: "host" }],
      removeWhenEnded: true,
    });
    assert.match(hosts.output, /br-[0-9a-f]{12}/, hosts.output);
  });

  test("the sandbox of a container is dealt with by dealing with the container", async (t) => {
    const scene = await twoNetworks(t);
    const asked = await scene.ask(["sleep", "1000"], { networks: [{ network: "red" }], detached: true });
    const { id } = scene.created(asked).container;
    const found = await scene.daemon.ask("GET", `/cnm/v1/containers/${id}`);
    assert.match(String(asked.headers.etag), /^"[\w-]{22}"$/);
    for (const [method, path, body] of [
      ["POST", "/rename", { containerId: "other" }],
      ["POST", "/key", { path: "/proc/self/ns/net" }],
      ["DELETE", "?endpoints=delete", undefined],
    ] as const) {
      const refused = await scene.daemon.ask(method, `/cnm/v1/sandboxes/${id}${path}`, body);
      assert.deepEqual(
        [refused.status, /sandbox_of_container/.test(refused.text)],
        [409, true],
        refused.text,
      );
    }
    assert.equal((await scene.daemon.ask("GET", `/cnm/v1/containers/${id}`)).text, found.text);
    // Its other changes are as anybody's.
    const refreshed = await scene.daemon.ask("POST", `/cnm/v1/sandboxes/${id}/refresh`, {
      hostname: "renamed",
    });
    assert.equal(refreshed.status, 200, refreshed.text);
  });

  test("a bundle keeps its own settings and is not written to; a broken one is told", async (t) => {
    const scene = await twoNetworks(t);
    const bundle = mkdtempSync(join(tmpdir(), "causeway-bundle-"));
    t.after(() => rmSync(bundle, { recursive: true }));
    const path = join(bundle, "config.json");
    const config = JSON.stringify({
      ociVersion: "1.0.2",
      process: {
        args: ["sh", "-c", "echo $KEPT; ls /extra; ip -o -4 addr"],
        cwd: "/",
        env: ["PATH=/bin", "KEPT=yes"],
        user: { uid: 0, gid: 0 },
      },
      root: { path: scene.rootfs },
      mounts: [
        { destination: "/proc", type: "proc", source: "proc" },
        { destination: "/extra", type: "bind", source: "extra", options: ["rbind"] },
      ],
      linux: { namespaces: [{ type: "pid" }, { type: "mount" }, { type: "network" }] },
    });
    writeFileSync(path, config);
    mkdirSync(join(bundle, "extra"));
    writeFileSync(join(bundle, "extra/file"), "");
    const asked: Partial<ContainerCreate> = {
      kind: "bundle",
      path: bundle,
      networks: [{ network: "red", ipv4: "10.61.0.9" }],
      removeWhenEnded: true,
    };
    const ran = await scene.run([], asked);
    assert.match(ran.output, /^yes\nfile\n[\s\S]*10\.61\.0\.9\/24/);
    assert.equal(readFileSync(path, "utf8"), config);
    for (const broken of [
      "{",
      "[]",
      "{}",
      '{"root":{"path":"r"},"mounts":1}',
      '{"root":{"path":"r"},"linux":{"namespaces":[1]}}',
      '{"root":{"path":"r"},"linux":{"namespaces":[{"type":"pid"}]}}',
      // Read by runc in place of ours: such a container would be in the host's network.
      config.replace(/}$/, ',"LINUX":{"namespaces":[{"type":"pid"},{"type":"mount"}]}}'),
      ...["Namespaces", "nameſpaces"].map((twin) =>
        config.replace('"namespaces"', `"${twin}":[{"type":"mount"}],"namespaces"`),
      ),
    ]) {
      writeFileSync(path, broken);
      const refused = await scene.ask([], asked);
      assert.deepEqual(
        [refused.status, /config\.json cannot be used/.test(refused.text)],
        [400, true],
        refused.text,
      );
    }
    await eventually(async () => assert.deepEqual(await scene.list(), []));
  });

  test("a plain process has the sandbox's network, names and settings, and the host's files", async (t) => {
    const scene = await twoNetworks(t);
    const script =
      "cat /etc/hosts; cat /proc/sys/net/ipv4/ip_forward; ip -o -4 addr show eth0; trap '' TERM; exit 6";
    const { code, output } = await scene.run(["/bin/sh", "-c", script], {
      kind: "process",
      networks: [{ network: "red", ipv4: "10.61.0.9" }],
      hostname: "plain",
      sysctls: { "net.ipv4.ip_forward": "1" },
      removeWhenEnded: true,
    });
    assert.equal(code, 6, output);
    assert.match(output, /10\.61\.0\.9\s+plain\n[\s\S]*^1\n[\s\S]*eth0 +inet 10\.61\.0\.9/m);
    const { id } = await scene.start(["sleep", "1000"], {
      kind: "process",
      networks: [{ network: "red" }],
    });
    await scene.stop(id, {});
    assert.equal((await scene.inspect(id)).exitCode, 143);
  });

  test("what is run beside a plain process is its user's, or who is asked for", async (t) => {
    const scene = await ContainerScene.create(t);
    const plain: Partial<ContainerCreate> = { kind: "process", networks: [{ network: "none" }] };
    await scene.start(["sleep", "1000"], { ...plain, name: "one", user: "7:8" });
    const ask = (body: object) => scene.daemon.ask("POST", "/cnm/v1/containers/one/exec", body);
    const ranBy = async (asked: object) => {
      const { command } = scene.must(await ask({ command: ["id"], ...asked }), 200) as Launch;
      const [program = "", ...words] = command;
      return execFileSync(program, words, { encoding: "utf8" });
    };
    assert.match(await ranBy({}), /^uid=7\S* gid=8\S* groups=8\S*$/m);
    assert.match(await ranBy({ user: "9:10" }), /^uid=9\S* gid=10\S* groups=10\S*$/m);
    assert.match(await ranBy({ user: "0" }), /^uid=0/m);
    for (const wrong of [{ user: "root" }, { environment: ["id"] }, { workingDirectory: "/\0" }])
      assert.equal((await ask({ command: ["id"], ...wrong })).status, 400);
    const long = await scene.ask(["x".repeat(200_000)], { ...plain, detached: true });
    assert.deepEqual([long.status, /200000 bytes/.test(long.text)], [400, true], long.text);
    assert.deepEqual(
      (await scene.list()).map(({ name }) => name),
      ["one"],
    );
  });
});
