// Docker's client on containers that we start by runc: shown, connected, told of.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DockerClient } from "./docker-client/client.ts";
import { ContainerScene } from "./support/containers.ts";
import { eventually } from "./support/eventually.ts";
import { needsPeer } from "./support/peers.ts";

describe("Docker's client on containers of ours", { skip: needsPeer("docker", "runc", "busybox") }, () => {
  test("they are shown, reach whom they are connected to, and their ends are told", async (t) => {
    const scene = await ContainerScene.create(t);
    const client = new DockerClient("docker", scene.daemon.socket);
    t.after(() => client[Symbol.dispose]());
    const docker = async (...args: readonly string[]) => {
      const { code, stdout, stderr } = await client.run(args);
      assert.equal(code, 0, `docker ${args.join(" ")}: ${stderr}`);
      return stdout.trim();
    };
    await docker("network", "create", "--subnet", "10.61.0.0/24", "red");
    await docker("network", "create", "--subnet", "10.62.0.0/24", "blue");
    const networks = [{ network: "blue", ipv4: "10.62.0.9" }];
    await scene.start(["sleep", "1000"], { name: "blue1", networks, labels: { tier: "back" } });
    const tries = "while :; do ping -c1 -W1 10.62.0.9 >/dev/null && echo there || echo away; sleep 0.1; done";
    const red = await scene.start(["sh", "-c", tries], { name: "red1", networks: [{ network: "red" }] });

    const row = await docker("ps", "--filter", "name=blue1", "--format", "{{.Names}} {{.Image}} {{.State}}");
    assert.equal(row, `blue1 ${scene.rootfs} running`);
    const state = "{{.Name}} {{.State.Pid}} {{.Path}} {{.HostConfig.NetworkMode}}";
    assert.equal(await docker("inspect", "red1", "--format", state), `/red1 ${red.pid} sh red`);

    const last = async (word: string) => assert.equal(await scene.logs("red1", "?tail=1"), `${word}\n`);
    await eventually(() => last("away"));
    await docker("network", "connect", "blue", "red1");
    await eventually(() => last("there"));
    await docker("network", "disconnect", "blue", "red1");
    await eventually(() => last("away"));

    const stopped = await scene.daemon.ask("POST", "/cnm/v1/containers/red1/stop", { seconds: 0 });
    assert.equal(stopped.status, 204, stopped.text);
    assert.match(await docker("ps", "--all", "--format", "{{.Names}} {{.Status}}"), /^red1 Exited \(137\) /m);
    await scene.daemon.ask("DELETE", "/cnm/v1/containers/red1");
    const since = ["--since", "1", "--until", String(Date.now() / 1000)];
    const told = await docker("events", ...since, "--filter", "container=red1", "--format", "{{.Action}}");
    assert.deepEqual(told.split("\n"), ["create", "start", "die", "destroy"]);
    const ofRed = ["--filter", `container=${red.id}`, "--filter", "type=network"];
    const moves = await docker(
      "events",
      ...since,
      ...ofRed,
      "--format",
      "{{.Action}} {{.Actor.Attributes.name}}",
    );
    assert.deepEqual(moves.split("\n"), ["connect red", "connect blue", "disconnect blue", "disconnect red"]);
  });
});
