// Our bridge driver and our IPAM under Docker's own daemon, by `causeway plugin serve`.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { describe, it } from "node:test";
import { DockerScene } from "../support/docker-scene.ts";
import { eventually } from "../support/eventually.ts";
import { needsPeer } from "../support/peers.ts";
import { canPing } from "../support/traffic.ts";

const seconds = 5;

/** `docker run --mac-address`, as clients say it to a dockerd of this age: newer ones have no words for it. */
async function createWithMac({ dockerd }: DockerScene, MacAddress: string): Promise<void> {
  const body = JSON.stringify({
    Image: "box",
    Cmd: ["busybox", "nc", "-ll", "-p", "80", "-e", "/bin/busybox", "echo", "chosen"],
    MacAddress,
    StopTimeout: 0,
    ExposedPorts: { "80/tcp": {} },
    HostConfig: { NetworkMode: "n", PortBindings: { "80/tcp": [{ HostPort: "8087" }] } },
  });
  const asked = request({
    socketPath: dockerd.socket,
    method: "POST",
    path: "/containers/create?name=chosen",
    headers: { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) },
  }).end(body);
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  answer.resume();
  assert.equal(answer.statusCode, 201);
}

describe("our drivers as a plugin of dockerd", {
  skip: needsPeer("docker", "dockerd", "busybox", "iptables"),
}, () => {
  it("makes networks with all that --ipam flags say, and gives addresses by them", async (t) => {
    await using scene = await DockerScene.create(t, "ipam");
    const { docker } = { docker: (command: string) => scene.docker(command) };
    const create = "network create -d NAME --ipam-driver NAME";
    await docker(
      `${create} --subnet 10.91.0.0/16 --ip-range 10.91.5.0/24 --gateway 10.91.0.254 --aux-address x=10.91.5.1 --ipv6 --subnet fd91::/64 --gateway fd91::99 net1`,
    );
    await docker("run -d --name one --network net1 --stop-timeout 0 box sleep 1000");
    assert.equal(await scene.addressOf("one", "net1"), "10.91.5.0");
    assert.equal(await scene.addressOf("one", "net1", "Gateway"), "10.91.0.254");
    assert.equal(await scene.addressOf("one", "net1", "IPv6Gateway"), "fd91::99");
    await docker("run -d --name two --network net1 --stop-timeout 0 box sleep 1000");
    assert.equal(await scene.addressOf("two", "net1"), "10.91.5.2", "the auxiliary address is nobody's");
    await docker(
      "run -d --name three --network net1 --ip 10.91.7.7 --ip6 fd91::7:7 --stop-timeout 0 box sleep 1000",
    );
    for (const address of ["10.91.7.7", "fd91::7:7", "10.91.0.254", "fd91::99", "two"])
      await docker(`exec one ping -c 1 -W ${seconds} ${address}`);
    await assert.rejects(docker("exec one ping -c 1 -W 1 10.91.7.8"));
    await assert.rejects(docker("run --rm --network net1 --ip 10.91.7.7 box sleep 0"), {
      message: /remote: address 10\.91\.7\.7 is in use in 10\.91\.0\.0\/16/,
    });
    await assert.rejects(docker(`${create} --subnet 10.91.64.0/24 net2`), {
      message: /remote: subnet 10\.91\.64\.0\/24 overlaps pool 10\.91\.0\.0\/16/,
    });
    await assert.rejects(docker("network create -d NAME -o icc=perhaps net2"), {
      message: /remote: .*icc.*perhaps/,
    });

    // Pools that nobody named, our driver under Docker's IPAM, our IPAM under Docker's driver, and no addresses at all.
    await docker(`${create} net2`);
    await docker("network create -d NAME --subnet 10.92.0.0/24 net3");
    await docker("network create --ipam-driver NAME --subnet 10.93.0.0/24 net4");
    for (const network of ["net2", "net3", "net4"]) await docker(`network connect ${network} one`);
    await docker("network connect --ip 10.92.0.9 net3 two");
    await docker("network connect --ip 10.93.0.9 net4 two");
    for (const address of ["10.92.0.9", "10.93.0.9"])
      await docker(`exec one ping -c 1 -W ${seconds} ${address}`);
    await docker("network create -d NAME --ipam-driver null net5");
    await docker("network rm net5");

    // An internal network has no way out, and is no reason for docker_gwbridge.
    await docker(`${create} --internal --subnet 10.94.0.0/24 net6`);
    await docker("run -d --name four --network net6 --stop-timeout 0 box sleep 1000");
    await docker("network connect net6 three");
    await docker(`exec four ping -c 1 -W ${seconds} three`);
    assert.doesNotMatch(await docker("exec four busybox ip route"), /default/);
    assert.equal(scene.links().includes("docker_gwbridge"), false);

    await docker("rm -f one two three four");
    await docker("network rm net1 net2 net3 net4 net6");
    await scene.nothingIsLeft();
  });

  it("publishes ports, and keeps everything else to itself, through stop, start, restart, connect and disconnect", async (t) => {
    await using scene = await DockerScene.create(t, "ports");
    const docker = (command: string) => scene.docker(command);
    const { outside, dockerd } = scene;
    await docker("network create -d NAME --ipam-driver NAME --subnet 10.95.0.0/24 net1");
    await docker("network create -d NAME --ipam-driver NAME --subnet 10.96.0.0/24 net2");
    await scene.serve("web", "--network net1 -p 8080:80 -p 127.0.0.1:8081:80");
    await docker("run -d --name peer --network net1 --stop-timeout 0 box sleep 1000");
    await docker("run -d --name stranger --network net2 --stop-timeout 0 box sleep 1000");
    await docker("run -d --name old --stop-timeout 0 box sleep 1000");
    const publishes = async () => {
      await scene.answers(outside, "192.0.2.1", 8080, "web");
      await scene.answers(dockerd.namespace, "127.0.0.1", 8081, "web");
      await scene.refuses(outside, "192.0.2.1", 8081);
    };
    await publishes();
    const web = await scene.addressOf("web", "net1");
    await scene.refuses(outside, web, 80);
    assert.equal(await docker(`exec peer busybox nc -w ${seconds} web 80`), "web");
    await assert.rejects(docker(`exec stranger busybox nc -w 1 ${web} 80`), "another network gets in");
    await assert.rejects(docker(`exec old busybox nc -w 1 ${web} 80`), "a network of Docker's gets in");
    assert.equal(await docker(`exec stranger busybox nc -w ${seconds} 10.96.0.1 8080`), "web");
    assert.equal(await docker(`exec web busybox nc -w ${seconds} 192.0.2.1 8080`), "web", "hairpin");
    assert.equal(await canPing(outside, "192.0.2.1"), true);
    await docker(`exec peer ping -c 1 -W ${seconds} 192.0.2.2`);
    await assert.rejects(docker("run --rm --network net1 -p 8080:80 box sleep 0"), {
      message: /remote: .*8080/,
    });

    for (const command of ["stop -t 0 web", "start web", "restart -t 0 web"]) {
      await docker(command);
      if (command.startsWith("stop")) await scene.refuses(outside, "192.0.2.1", 8080);
      else await publishes();
    }
    // The way out changes, and with it where the ports lead.
    await docker("network connect net2 web");
    await publishes();
    await docker("network disconnect net1 web");
    await publishes();
    assert.equal(await docker(`exec stranger busybox nc -w ${seconds} web 80`), "web");
    await assert.rejects(docker(`exec peer busybox nc -w 1 ${web} 80`), "it has left");
    await docker("network connect --ip 10.95.0.77 net1 web");
    assert.equal(await docker(`exec peer busybox nc -w ${seconds} web 80`), "web");
    assert.match(await docker("stats --no-stream --format {{.Name}}:{{.NetIO}} web"), /^web:\d/);

    await docker("rm -f web peer stranger old");
    await scene.refuses(outside, "192.0.2.1", 8080);
    await docker("network rm net1 net2");
    await scene.nothingIsLeft();
  });

  it("keeps containers out of Docker's own networks, whatever their bridges are called", async (t) => {
    await using scene = await DockerScene.create(t, "apart");
    await scene.docker("network create -d NAME --subnet 10.66.1.0/24 ours");
    await scene.docker(
      "network create --subnet 10.66.2.0/24 -o com.docker.network.bridge.name=office0 theirs",
    );
    await scene.serve("published", "--network theirs -p 8085:80");
    await scene.serve("victim", "--network theirs --ip 10.66.2.9");
    await scene.docker("run -d --name caller --stop-timeout 0 --network ours box busybox sleep 1000");
    const ask = (address: string) => scene.docker(`exec caller busybox nc -w 2 ${address}`);
    await eventually(async () => assert.equal((await ask("192.0.2.1 8085")).trim(), "published"));
    await assert.rejects(ask("10.66.2.9 80"), /timed out/);
    await scene.docker("rm -f caller victim published");
    await scene.docker("network rm ours theirs");
  });

  it("survives kills: its own, dockerd's, both, and whoever comes back first", async (t) => {
    await using scene = await DockerScene.create(t, "kills");
    const docker = (command: string) => scene.docker(command);
    const { outside, plugin, dockerd } = scene;
    await docker(
      "network create -d NAME --ipam-driver NAME --subnet 10.97.0.0/24 --ipv6 --subnet fd97::/64 net1",
    );
    await scene.serve("web", "--network net1 -p 8080:80");
    await docker("run -d --name peer --network net1 --stop-timeout 0 box sleep 1000");
    const works = async () => {
      await scene.answers(outside, "192.0.2.1", 8080, "web");
      await eventually(async () =>
        assert.equal(await docker(`exec peer busybox nc -w ${seconds} web 80`), "web"),
      );
      await docker(
        `exec peer ping -c 1 -W ${seconds} ${await scene.addressOf("web", "net1", "GlobalIPv6Address")}`,
      );
      await scene.refuses(outside, await scene.addressOf("web", "net1"), 80);
    };
    await works();

    await plugin.end("SIGKILL");
    await works();
    await plugin.start();
    await works();
    await docker("run -d --name more --network net1 --stop-timeout 0 box sleep 1000");
    await docker(`exec more ping -c 1 -W ${seconds} web`);
    await docker("rm -f more");
    await docker("restart -t 0 web");
    await works();

    await dockerd.restart("SIGTERM");
    await docker("start web peer");
    await works();
    await dockerd.restart("SIGKILL");
    await docker("start web peer");
    await works();

    // What ends while nobody listens: the plugin first, then dockerd, in both orders of coming back.
    await plugin.end("SIGKILL");
    await dockerd.end("SIGKILL");
    await plugin.start();
    await dockerd.startAgain();
    await docker("start web peer");
    await works();
    await dockerd.end("SIGKILL");
    await plugin.end("SIGKILL");
    const back = dockerd.startAgain();
    await plugin.start();
    await back;
    await docker("start web peer");
    await works();

    await docker("rm -f web peer");
    await docker("network rm net1");
    await scene.nothingIsLeft();
  });

  it("gives a container the MAC that its user chose, over a restart, too", async (t) => {
    await using scene = await DockerScene.create(t, "mac");
    await scene.docker("network create -d NAME --subnet 10.87.0.0/24 n");
    const mac = "02:00:5e:10:00:07";
    await createWithMac(scene, mac);
    await scene.docker("start chosen");
    await scene.serve("usual", "--network n");
    assert.equal(await scene.addressOf("chosen", "n", "MacAddress"), mac);
    const told = await scene.docker("exec chosen busybox cat /sys/class/net/eth0/address");
    assert.equal(told.trim(), mac);
    const [chosen, usual] = [await scene.addressOf("chosen", "n"), await scene.addressOf("usual", "n")];
    await scene.answers(scene.outside, "192.0.2.1", 8087, "chosen");
    const ask = (from: string, to: string) =>
      scene.docker(`exec ${from} busybox nc -w 2 ${to} 80`).then(
        (text) => text.trim(),
        () => undefined,
      );
    await eventually(async () => assert.equal(await ask("usual", chosen), "chosen"));
    assert.equal(await ask("chosen", usual), "usual");
    await scene.docker("restart chosen");
    assert.equal(await scene.addressOf("chosen", "n", "MacAddress"), mac);
    await eventually(async () => assert.equal(await ask("usual", chosen), "chosen"));
    await scene.docker("rm -f chosen usual");
    await scene.docker("network rm n");
    await scene.nothingIsLeft();
  });
});
