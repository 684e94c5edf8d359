// `docker network create -d causeway -o directConnect=true`: endpoints of containers that run are made in the container, and dockerd moves nothing.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DockerScene } from "../support/docker-scene.ts";
import { eventually } from "../support/eventually.ts";
import { needsPeer } from "../support/peers.ts";

const seconds = 5;

/** Interfaces of a container, without what is behind the @. */
async function interfacesOf(scene: DockerScene, container: string): Promise<readonly string[]> {
  const told = await scene.docker(`exec ${container} busybox ls /sys/class/net`);
  return told.split("\n").filter((name) => name !== "lo");
}

const pings = (scene: DockerScene, from: string, to: string) =>
  scene.docker(`exec ${from} ping -c 1 -W ${seconds} ${to}`);

describe("a network whose endpoints are connected directly", {
  skip: needsPeer("docker", "dockerd", "busybox", "iptables"),
}, () => {
  it("connects a container that runs: addresses, the way out, names, ports, and nothing left", async (t) => {
    await using scene = await DockerScene.create(t, "direct");
    const docker = (command: string) => scene.docker(command);
    const create = "network create -d NAME --ipam-driver NAME -o directConnect=true";
    await docker(`${create} --ipv6 --subnet 10.61.0.0/24 --subnet fd61::/64 fast`);
    await docker("network create --internal --subnet 10.62.0.0/24 theirs");
    await docker("network create --subnet 10.63.0.0/24 more");
    await scene.serve("web", "--network theirs -p 8080:80");
    await docker("run -d --name peer --network fast --stop-timeout 0 box sleep 1000");
    assert.deepEqual(await interfacesOf(scene, "peer"), ["eth0"], "one that starts is dockerd's to move");

    await docker("network connect fast web");
    assert.deepEqual(await interfacesOf(scene, "web"), ["eth0", "eth1000"]);
    const web = await scene.addressOf("web", "fast");
    const web6 = await scene.addressOf("web", "fast", "GlobalIPv6Address");
    for (const target of [web, web6, "web"]) await pings(scene, "peer", target);
    for (const target of ["peer", "fd61::1", "192.0.2.2"]) await pings(scene, "web", target);
    assert.match(await docker("exec web busybox ip route"), /default via 10\.61\.0\.1 dev eth1000/);
    assert.match(await docker("exec web busybox ip -6 route"), /default via fd61::1 dev eth1000/);
    await scene.answers(scene.outside, "192.0.2.1", 8080, "web");
    await scene.refuses(scene.outside, web, 80);

    // dockerd goes on counting its own.
    await docker("network connect more web");
    assert.deepEqual(await interfacesOf(scene, "web"), ["eth0", "eth1", "eth1000"]);

    const links = scene.links().length;
    await docker("network disconnect fast web");
    await eventually(async () => assert.deepEqual(await interfacesOf(scene, "web"), ["eth0", "eth1"]));
    await assert.rejects(docker(`exec peer ping -c 1 -W 1 ${web}`));
    await eventually(() => assert.equal(scene.links().length, links - 1));
    assert.match(await docker("stats --no-stream --format {{.Name}}:{{.NetIO}} web"), /^web:\d/);

    await docker("network connect --ip 10.61.0.77 fast web");
    await pings(scene, "peer", "10.61.0.77");
    await docker("restart -t 0 web");
    assert.deepEqual(await interfacesOf(scene, "web"), ["eth0", "eth1", "eth2"], "a new start is dockerd's");
    await pings(scene, "peer", "10.61.0.77");

    await docker("rm -f web peer");
    await docker("network rm fast theirs more");
    await scene.nothingIsLeft();
  });

  it("names the interface as its user wants it, and refuses a name that is taken", async (t) => {
    await using scene = await DockerScene.create(t, "named");
    const docker = (command: string) => scene.docker(command);
    for (const [at, name] of ["fast", "faster"].entries())
      await docker(`network create -d NAME --subnet 10.64.${at}.0/24 -o directConnect=true ${name}`);
    await docker("run -d --name one --stop-timeout 0 box sleep 1000");
    const connect = (network: string, name: string) =>
      docker(`network connect --driver-opt com.docker.network.endpoint.ifname=${name} ${network} one`);
    await connect("fast", "lan0");
    assert.deepEqual(await interfacesOf(scene, "one"), ["eth0", "lan0"]);
    await pings(scene, "one", "10.64.0.1");
    await assert.rejects(connect("faster", "lan0"), { message: /interface "lan0": choose another name/ });
    await assert.rejects(connect("faster", "a/b"), { message: /ifname: interface name "a\/b" has/ });
    await assert.rejects(docker("network create -d NAME -o directConnect=perhaps net2"), {
      message: /directConnect.*perhaps/,
    });
    assert.deepEqual(await interfacesOf(scene, "one"), ["eth0", "lan0"]);
    await docker("network connect faster one");
    assert.deepEqual(await interfacesOf(scene, "one"), ["eth0", "eth1000", "lan0"]);
    await docker("rm -f one");
    await docker("network rm fast faster");
    await scene.nothingIsLeft();
  });

  it("survives kills of both while containers go on, and lets go after them", async (t) => {
    await using scene = await DockerScene.create(t, "direct-kills", ["--live-restore"]);
    const docker = (command: string) => scene.docker(command);
    const { plugin, dockerd } = scene;
    await docker(
      "network create -d NAME --ipam-driver NAME --subnet 10.65.0.0/24 -o directConnect=true fast",
    );
    await docker("run -d --name one --stop-timeout 0 box sleep 1000");
    await docker("run -d --name peer --network fast --stop-timeout 0 box sleep 1000");
    await docker("network connect fast one");
    const address = await scene.addressOf("one", "fast");
    await pings(scene, "peer", address);

    await plugin.end("SIGKILL");
    await pings(scene, "peer", address);
    await plugin.start();
    await pings(scene, "peer", address);
    await dockerd.restart("SIGKILL");
    await pings(scene, "peer", address);
    assert.deepEqual(await interfacesOf(scene, "one"), ["eth0", "eth1000"]);

    await docker("network disconnect fast one");
    await eventually(async () => assert.deepEqual(await interfacesOf(scene, "one"), ["eth0"]));
    await assert.rejects(docker(`exec peer ping -c 1 -W 1 ${address}`));
    assert.match(await docker("stats --no-stream --format {{.Name}}:{{.NetIO}} one"), /^one:\d/);
    await docker("network connect fast one");
    await pings(scene, "peer", await scene.addressOf("one", "fast"));
    await docker("rm -f one peer");
    await docker("network rm fast");
    await scene.nothingIsLeft();
  });
});
