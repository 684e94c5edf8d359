// Docker's client gives containers of ours names: they find each other by them, as programs in them ask.

import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { ContainerInspect } from "../packages/daemon/src/docker/answers.ts";
import { DockerClient } from "./docker-client/client.ts";
import { cliOf } from "./support/cli.ts";
import { ContainerScene } from "./support/containers.ts";
import { needsPeer } from "./support/peers.ts";

async function setUp(t: TestContext) {
  const scene = await ContainerScene.create(t, { controller: { resolver: true, defaultNetwork: {} } });
  const client = new DockerClient("docker", scene.daemon.socket);
  t.after(() => client[Symbol.dispose]());
  const docker = async (line: string) => {
    const { code, stdout, stderr } = await client.run(line.split(" "));
    assert.equal(code, 0, `docker ${line}: ${stderr}`);
    return stdout.trim();
  };
  const cli = cliOf(scene.daemon.socket);
  /** Whether a program in the container finds the name, and reaches who has it. */
  const finds = async (container: string, name: string) =>
    (await cli.run("exec", container, "ping", "-c1", "-W2", name)).code === 0;
  /** What busybox is told in the container: the addresses behind the server's own. */
  const told = async (container: string, name: string) => {
    const { stdout } = await cli.run("exec", container, "nslookup", name);
    return [...stdout.matchAll(/^Address(?: \d+)?:\s*([0-9a-f.:]+)/gm)]
      .slice(1)
      .map(([, address]) => address);
  };
  /** As the API shows it: not every client knows all fields. */
  const shown = async (container: string, network: string) => {
    const { body } = await scene.daemon.ask("GET", `/containers/${container}/json`);
    const { Networks } = (body as ContainerInspect).NetworkSettings;
    return Networks[network] ?? assert.fail(`${container} is not in ${network}`);
  };
  const start = (name: string, ...networks: readonly string[]) =>
    scene.start(["sleep", "1000"], { name, networks: networks.map((network) => ({ network })) });
  return { scene, docker, finds, told, shown, start };
}

describe("names that Docker's client gives", { skip: needsPeer("docker", "runc", "busybox") }, () => {
  test("are found by others in the network, a link by its container alone, until it is disconnected", async (t) => {
    const { docker, finds, told, shown, start } = await setUp(t);
    await docker("network create --subnet 10.71.0.0/24 front");
    await docker("network create --subnet 10.72.0.0/24 back");
    const web = await start("web", "front");
    const db = await start("db", "back");
    await start("other", "front");
    assert.deepEqual([await finds("web", "other"), await finds("web", "db")], [true, false]);
    assert.equal(await finds("other", web.id.slice(0, 12)), true);

    await docker("network connect --ip 10.71.0.77 --alias store --link web:shop --link other front db");
    assert.deepEqual(await told("web", "db"), ["10.71.0.77"]);
    for (const name of ["store", "db.front", db.id.slice(0, 12)])
      assert.equal(await finds("web", name), true, name);
    assert.deepEqual([await finds("db", "shop"), await finds("db", "other")], [true, true]);
    assert.equal(await finds("other", "shop"), false);
    const { Links, Aliases, DNSNames } = await shown("db", "front");
    assert.deepEqual(
      [Links, Aliases, DNSNames],
      [["web:shop", "other"], ["store"], ["db", "store", db.id.slice(0, 12)]],
    );

    await docker("network disconnect front db");
    assert.deepEqual(await told("web", "db"), []);
    assert.deepEqual([await finds("web", "store"), await finds("db", "shop")], [false, false]);
  });

  test("a link in the default network is a line in the container's hosts file, and goes with the other", async (t) => {
    const { docker, finds, start } = await setUp(t);
    await start("web");
    await docker("network create back");
    await start("db", "back");
    await docker("network connect --link web:shop bridge db");
    assert.deepEqual([await finds("db", "shop"), await finds("web", "db")], [true, false]);
    await docker("network disconnect bridge web");
    assert.equal(await finds("db", "shop"), false);
  });

  test("the host's address, servers and search domains are shown and in the container's files", async (t) => {
    const { scene, docker, told, shown } = await setUp(t);
    await docker("network create --subnet 10.71.0.0/24 front");
    await scene.start(["sleep", "1000"], {
      name: "web",
      hostname: "shop",
      networks: [{ network: "front" }],
      extraHosts: [{ name: "host.docker.internal", address: "host-gateway" }],
      dns: ["192.0.2.53"],
      dnsSearch: ["example.org"],
      dnsOptions: ["timeout:1"],
    });
    assert.deepEqual(await told("web", "host.docker.internal"), ["10.71.0.1"]);
    assert.equal(
      await docker("inspect web --format {{.HostConfig.ExtraHosts}}"),
      "[host.docker.internal:host-gateway]",
    );
    const files = "{{.HostConfig.Dns}}{{.HostConfig.DnsSearch}}{{.HostConfig.DnsOptions}}";
    assert.equal(await docker(`inspect web --format ${files}`), "[192.0.2.53][example.org][timeout:1]");
    assert.match((await shown("web", "front")).DNSNames?.join() ?? "", /^web,[0-9a-f]{12},shop$/);
  });
});
