// The IPAM of examples/plugins/file-ipam under Docker's own daemon.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { Dockerd } from "../support/dockerd.ts";
import { FileIpam } from "../support/file-ipam.ts";
import { needsPeer } from "../support/peers.ts";

describe("a plugin of the SDK under dockerd", { skip: needsPeer("docker", "dockerd", "busybox") }, () => {
  it("gives networks their pools and containers their addresses, through kills of the plugin", async (t) => {
    // dockerd looks for plugins there and nowhere else.
    const name = `causeway-file-ipam-${process.pid}`;
    const plugin = await FileIpam.start(t, `/run/docker/plugins/${name}.sock`);
    await using dockerd = await Dockerd.start();
    const docker = (command: string) => dockerd.docker(...command.split(" "));
    const addressOf = (container: string) =>
      docker(`inspect --format {{.NetworkSettings.Networks.net1.IPAddress}} ${container}`);

    await assert.rejects(docker(`network create --ipam-driver ${name} --subnet 10.99.0.0/24 net0`), {
      message: /remote: there is no pool 10\.99\.0\.0\/24 in/,
    });
    const subnet = "--subnet 10.78.0.0/24 --ip-range 10.78.0.128/25 --aux-address x=10.78.0.200";
    await docker(`network create --ipam-driver ${name} ${subnet} --ipam-opt color=red net1`);
    await docker("run -d --name one --network net1 --stop-timeout 0 box sleep 1000");
    assert.equal(await addressOf("one"), "10.78.0.128");

    await plugin.restart("SIGKILL");
    await docker("run -d --name two --network net1 --ip 10.78.0.150 box sleep 1000");
    assert.equal(await addressOf("two"), "10.78.0.150");
    await docker("exec one ping -c 1 -W 5 10.78.0.150");
    await assert.rejects(docker("exec one ping -c 1 -W 1 10.78.0.151"));
    await assert.rejects(docker("run --rm --network net1 --ip 10.78.0.220 box sleep 0"), {
      message: /remote: 10\.78\.0\.220 is not among the addresses of 10\.78\.0\.0\/24/,
    });
    await assert.rejects(docker("run --rm --network net1 --ip 10.78.0.150 box sleep 0"), {
      message: /remote: 10\.78\.0\.150 is given to somebody else/,
    });

    await docker("restart -t 0 one");
    assert.equal(await addressOf("one"), "10.78.0.128");
    const held = JSON.parse(readFileSync(plugin.leases, "utf8")) as Record<string, { addresses: string[] }>;
    assert.deepEqual(held["10.78.0.0/24"]?.addresses.sort(), [
      "10.78.0.128",
      "10.78.0.150",
      "10.78.0.200",
      "10.78.0.254",
    ]);

    await docker("rm -f one two");
    await docker("network rm net1");
    assert.deepEqual(JSON.parse(readFileSync(plugin.leases, "utf8")), {});
  });
});
