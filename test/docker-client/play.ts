// The script, played against our daemon and against Docker's own, which begin with the same containers.

import { setTimeout as sleep } from "node:timers/promises";
import type { NetworkController } from "@causeway/libnetwork";
import type { TestDaemon } from "../support/daemon.ts";
import { Dockerd } from "../support/dockerd.ts";
import { DockerClient, ways } from "./client.ts";
import { normal, unordered } from "./normal.ts";
import { argumentsOf, script } from "./script.ts";

export interface Played {
  readonly run: string;
  /** What each told, normalised. */
  readonly ours: string;
  readonly theirs: string;
}

/** @param program path of Docker's client */
export async function play(program: string, daemon: TestDaemon): Promise<readonly Played[]> {
  await using dockerd = await Dockerd.start();
  const { controller } = daemon.daemon;
  await Promise.all([populate(controller), populateDocker(dockerd)]);
  const played = await Promise.all([
    playAgainst(program, daemon.socket),
    playAgainst(program, dockerd.socket),
  ]);
  for (const { containerId } of controller.sandboxes()) await controller.sandboxDestroy(containerId);
  return script.map(({ run }, at) => ({ run, ours: played[0][at] ?? "", theirs: played[1][at] ?? "" }));
}

async function playAgainst(program: string, socket: string): Promise<readonly string[]> {
  using client = new DockerClient(program, socket);
  await client.prepare();
  const told: string[] = [];
  for (const [at, { run, unordered: hasNoOrder }] of script.entries()) {
    const args = await resolved(client, argumentsOf(run));
    const text = normal(await client.run(args, ways[at % ways.length]));
    told.push(hasNoOrder === true ? unordered(text) : text);
  }
  return told;
}

async function resolved(client: DockerClient, args: readonly string[]): Promise<readonly string[]> {
  const words: string[] = [];
  for (const word of args) {
    const [, form, name] = /(ID|SHORT)\((\w+)\)/.exec(word) ?? [];
    if (form !== undefined && name !== undefined) {
      const { stdout } = await client.run(["network", "inspect", "--format", "{{.Id}}", name]);
      words.push(word.replace(/\w+\(\w+\)/, form === "ID" ? stdout.trim() : stdout.slice(0, 12)));
    } else words.push(word === "NOW" ? await now() : word);
  }
  return words;
}

/** Of events, the daemons tell those before a moment: what has happened is before it. */
async function now(): Promise<string> {
  await sleep(10);
  return String(Date.now() / 1000);
}

async function populate(controller: NetworkController): Promise<void> {
  const [bridge, none] = [controller.networkByName("bridge"), controller.networkByName("none")];
  if (bridge === undefined || none === undefined) throw new Error("there is no bridge or none network");
  const publish = [{ containerPort: 80, hostPort: 8080, hostAddress: "127.0.0.1" }];
  const sandbox = { labels: { tier: "front" } };
  await controller.attach(bridge, { containerId: "k1", endpoint: { publish }, sandbox });
  await controller.attach(bridge, { containerId: "k2" });
  await controller.attach(none, { containerId: "k3" });
}

async function populateDocker(dockerd: Dockerd): Promise<void> {
  const start = (...args: readonly string[]) =>
    dockerd.docker("run", "--detach", ...args, "box", "sleep", "3600");
  await start("--name=k1", "--publish=127.0.0.1:8080:80", "--label=tier=front");
  await start("--name=k2");
  await start("--name=k3", "--network=none");
}
