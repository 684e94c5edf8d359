// What Docker's clients do to networks and containers of ours, told by packets and by the kernel; with the flags that need a newer Docker than
// Debian's, where there is one.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { describe, type TestContext, test } from "node:test";
import type { Sandbox } from "@causeway/libnetwork";
import { DockerClient } from "./docker-client/client.ts";
import { TestDaemon } from "./support/daemon.ts";
import { eventually } from "./support/eventually.ts";
import { namespaceOf } from "./support/host.ts";
import { addressesOf, interfacesOf, sysctlOf, wayOut } from "./support/inside.ts";
import { needsPeer } from "./support/peers.ts";
import { canConnect, serve } from "./support/traffic.ts";

/** Docker's newer client, which is no package of Debian's. */
const newer = "/usr/local/bin/docker";

interface Scene {
  readonly daemon: TestDaemon;
  /** Runs a command that has to succeed. */
  docker(line: string): Promise<string>;
}

async function setUp(t: TestContext, program: string): Promise<Scene> {
  const daemon = await TestDaemon.start(t);
  const client = new DockerClient(program, daemon.socket);
  t.after(() => client[Symbol.dispose]());
  const docker = async (line: string) => {
    const { code, stdout, stderr } = await client.run(line.split(" "));
    assert.equal(code, 0, `docker ${line}: ${stderr}`);
    return stdout.trim();
  };
  return { daemon, docker };
}

async function reaches(from: Sandbox, address: string): Promise<boolean> {
  using namespace = namespaceOf(from);
  return canConnect(namespace, address, 80);
}

describe("Docker's client on networks of ours", { skip: needsPeer("docker") }, () => {
  test("who is connected reaches the others of the network, in both families, until it is disconnected", async (t) => {
    const { daemon, docker } = await setUp(t, "docker");
    const { controller } = daemon.daemon;
    const [c1, c2] = [await controller.newSandbox("c1"), await controller.newSandbox("c2")];
    await docker("network create n1 --ipv6 --subnet 10.81.0.0/24 --subnet fd00:81::/64");
    await docker("network create n2 --subnet 10.82.0.0/24");
    await docker("network connect n1 c1");
    await docker("network connect n2 c2");
    using served = namespaceOf(c2);
    await using _four = await serve(served, { port: 80 });
    await using _six = await serve(served, { port: 80, address: "::" });
    assert.equal(await reaches(c1, "10.82.0.1"), false);
    await docker("network connect --ip 10.81.0.20 --ip6 fd00:81::20 n1 c2");
    assert.deepEqual([await reaches(c1, "10.81.0.20"), await reaches(c1, "fd00:81::20")], [true, true]);
    await docker("network disconnect n1 c2");
    assert.deepEqual([await reaches(c1, "10.81.0.20"), await reaches(c1, "fd00:81::20")], [false, false]);
    assert.deepEqual(interfacesOf(c2), ["eth0"]);
  });

  test("events are told as they happen", async (t) => {
    const { daemon, docker } = await setUp(t, "docker");
    const format = "{{.Action}} {{.Actor.Attributes.name}}";
    const host = `unix://${daemon.socket}`;
    const listener = spawn("docker", ["-H", host, "events", "--format", format], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => end(listener));
    const lines: string[] = [];
    createInterface({ input: listener.stdout }).on("line", (line) => lines.push(line));
    // The client does not say when it listens: one that is there in the end has been told of the rest.
    let round = 0;
    await eventually(async () => {
      await docker(`network create n${round++}`);
      assert.notEqual(lines.length, 0);
    });
    await daemon.daemon.controller.newSandbox("c1");
    await docker("network connect n0 c1");
    await docker("network disconnect n0 c1");
    const wanted = ["create c1", "start c1", "connect n0", "disconnect n0"];
    await eventually(() => assert.deepEqual(lines.slice(-4), wanted));
  });
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill();
  await ended;
}

// Where only Debian's client is installed, test/daemon/docker-containers.test.ts asks for the same without one.
if (existsSync(newer)) {
  describe("Docker's newer client on networks of ours", () => {
    test("the gateway priority says which network is the way out", async (t) => {
      const { daemon, docker } = await setUp(t, newer);
      const c1 = await daemon.daemon.controller.newSandbox("c1");
      await docker("network create n1 --subnet 10.81.0.0/24");
      await docker("network create n2 --subnet 10.82.0.0/24");
      await docker("network connect --gw-priority 5 n2 c1");
      await docker("network connect n1 c1");
      assert.equal(wayOut(c1, 4), "10.82.0.1 by eth0");
      await docker("network disconnect n1 c1");
      await docker("network connect --gw-priority 6 n1 c1");
      assert.equal(wayOut(c1, 4), "10.81.0.1 by eth1");
    });

    test("a network without IPv4 gives no IPv4 address", async (t) => {
      const { daemon, docker } = await setUp(t, newer);
      const { controller } = daemon.daemon;
      const [c1, c2] = [await controller.newSandbox("c1"), await controller.newSandbox("c2")];
      await docker("network create six --ipv4=false --ipv6 --subnet fd00:86::/64");
      assert.equal(
        await docker("network inspect six --format {{.EnableIPv4}}-{{.EnableIPv6}}"),
        "false-true",
      );
      await docker("network connect six c1");
      await docker("network connect --ip6 fd00:86::20 six c2");
      assert.deepEqual(
        addressesOf(c1, "eth0").filter((address) => !address.includes(":")),
        [],
      );
      using served = namespaceOf(c2);
      await using _server = await serve(served, { port: 80, address: "::" });
      assert.equal(await reaches(c1, "fd00:86::20"), true);
    });

    test("driver options name the interface and set its settings", async (t) => {
      const { daemon, docker } = await setUp(t, newer);
      const c1 = await daemon.daemon.controller.newSandbox("c1");
      await docker("network create n1 --subnet 10.81.0.0/24");
      const options = [
        "com.docker.network.endpoint.ifname=front",
        "com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1",
      ];
      await docker(`network connect --driver-opt ${options.join(" --driver-opt ")} n1 c1`);
      assert.deepEqual(interfacesOf(c1), ["front"]);
      assert.equal(sysctlOf(c1, "net/ipv4/conf/front/log_martians"), "1");
    });
  });
}
