// The network driver of examples/plugins/static-routes under Docker's own daemon.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Dockerd } from "../support/dockerd.ts";
import { ExamplePlugin } from "../support/example-plugin.ts";
import { needsPeer } from "../support/peers.ts";
import { linkNames } from "../support/plugin-caller.ts";

describe("the driver of static routes under dockerd", {
  skip: needsPeer("docker", "dockerd", "busybox"),
}, () => {
  it("has containers reach what the routes name, and nothing else", async (t) => {
    await using dockerd = await Dockerd.start();
    const name = `causeway-static-routes-${process.pid}`;
    const plugin = new ExamplePlugin(
      "static-routes",
      [`/run/docker/plugins/${name}.sock`],
      dockerd.namespace,
    );
    t.after(() => plugin.end("SIGTERM"));
    await plugin.start();
    // dockerd has iptables see what bridges forward, and drop it: the example's README says so.
    await dockerd.inside("iptables -I DOCKER-USER -i sr-+ -o sr-+ -j ACCEPT");
    const before = linkNames(dockerd.namespace);
    const docker = (command: string, ...more: string[]) => dockerd.docker(...command.split(" "), ...more);
    const routes = "routes=10.99.0.0/16 via 10.50.0.254,10.98.0.0/16";
    await docker(`network create -d ${name} --subnet 10.50.0.0/24 --gateway 10.50.0.1 -o`, routes, "net1");
    const run = (container: string, ip: string) =>
      docker(`run -d --name ${container} --cap-add NET_ADMIN --network net1 --ip ${ip} box sleep 1000`);
    for (const [container, ip] of [
      ["client", "10.50.0.2"],
      ["router", "10.50.0.254"],
      ["neighbour", "10.50.0.3"],
    ] as const)
      await run(container, ip);
    await docker("exec router busybox ip address add 10.99.1.1/32 dev eth0");
    await docker("exec router busybox ip address add 10.97.1.1/32 dev eth0");
    await docker("exec neighbour busybox ip address add 10.98.1.1/32 dev eth0");

    const ping = (target: string) => docker(`exec client ping -c 1 -W 2 ${target}`);
    for (const target of ["10.50.0.1", "10.99.1.1", "10.98.1.1"]) await ping(target);
    await assert.rejects(ping("10.97.1.1"), "no route names it");
    const shown = await docker("exec client busybox ip route");
    assert.match(shown, /^default via 10\.50\.0\.1 dev eth0/m);
    assert.match(shown, /^10\.99\.0\.0\/16 via 10\.50\.0\.254 dev eth0/m);
    assert.match(shown, /^10\.98\.0\.0\/16 dev eth0/m);

    await docker("restart -t 0 client");
    await ping("10.99.1.1");
    await plugin.end("SIGKILL");
    await plugin.start();
    await docker("network disconnect net1 client");
    await docker("network connect --ip 10.50.0.9 net1 client");
    await ping("10.98.1.1");

    await docker("rm -f client router neighbour");
    await docker("network rm net1");
    assert.deepEqual(linkNames(dockerd.namespace), before);
  });
});
