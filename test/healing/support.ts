// A network that somebody else's hand gets at: a host with an outsider, two containers that talk, and what is told meanwhile.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import type { TestContext } from "node:test";
import type { CausewayEvent, Endpoint, Network, Sandbox } from "@causeway/libnetwork";
import { eventually } from "../support/eventually.ts";
import { namespaceOf, TestHost, type TestHostOptions } from "../support/host.ts";
import { Outside } from "../support/outside.ts";
import { dualStack } from "../support/scenes.ts";
import { ask, type Server, serve } from "../support/traffic.ts";

/** What the container serves, and where it is published. */
const port = 80;
const publishedPort = 8080;

export class Scene implements AsyncDisposable {
  readonly host: TestHost;
  readonly outside: Outside;
  readonly network: Network;
  readonly endpoint: Endpoint;
  readonly sandbox: Sandbox;
  /** Another container of the same network. */
  readonly other: Sandbox;
  /** What health has told of, in order. */
  readonly told: CausewayEvent[] = [];
  readonly #servers: readonly Server[];
  readonly #stop = new AbortController();

  private constructor(parts: {
    host: TestHost;
    outside: Outside;
    network: Network;
    endpoint: Endpoint;
    sandbox: Sandbox;
    other: Sandbox;
    servers: readonly Server[];
  }) {
    this.host = parts.host;
    this.outside = parts.outside;
    this.network = parts.network;
    this.endpoint = parts.endpoint;
    this.sandbox = parts.sandbox;
    this.other = parts.other;
    this.#servers = parts.servers;
    this.#listen().catch(() => undefined);
  }

  static async create(t: TestContext, options: TestHostOptions = {}): Promise<Scene> {
    const host = await TestHost.create(t, options);
    const outside = new Outside(host);
    const network = await dualStack(host, "n", 1);
    const { endpoint, sandbox } = await host.controller.attach(network, {
      containerId: "web",
      endpoint: { publish: [{ containerPort: port, hostPort: publishedPort }] },
    });
    const { sandbox: other } = await host.controller.attach(network, { containerId: "other" });
    using inside = namespaceOf(sandbox);
    const servers = [
      await serve(inside, { port, address: "0.0.0.0" }),
      await serve(inside, { port, address: "::" }),
    ];
    return new Scene({ host, outside, network, endpoint, sandbox, other, servers });
  }

  async #listen(): Promise<void> {
    for await (const event of this.host.controller.events(this.#stop.signal)) {
      if (event.type.startsWith("health:")) this.told.push(event);
    }
  }

  /** Whether the container is reached: from outside by what is published, and by its neighbour, in both families. */
  async works(): Promise<boolean> {
    const { outside } = this;
    using neighbour = namespaceOf(this.other);
    const addresses = [this.endpoint.ipv4, this.endpoint.ipv6].map((cidr) => cidr?.split("/")[0] ?? "");
    const answers = await Promise.all([
      ask(outside.namespace, { address: outside.hostIpv4, port: publishedPort }),
      ask(outside.namespace, { address: outside.hostIpv6, port: publishedPort }),
      ...addresses.map((address) => ask(neighbour, { address, port })),
    ]);
    return answers.every((answer) => answer !== undefined);
  }

  /** Fails unless it works again, and the hand was noticed and its damage mended. */
  async assertHealed(): Promise<void> {
    await eventually(async () => assert.ok(await this.works(), "it does not work again"));
    await eventually(() => {
      const types = this.told.map(({ type }) => type);
      assert.ok(types.includes("health:noticed") && types.includes("health:mended"), types.join());
    });
    assert.deepEqual(
      this.told.filter(({ type }) => type === "health:gave-up"),
      [],
    );
  }

  /** Runs a command of iproute2, nft ... on the host. */
  run(command: string): void {
    this.host.namespace.run(() => execute(command));
  }

  /** Runs one in the container. */
  runInside(command: string): void {
    using inside = namespaceOf(this.sandbox);
    inside.run(() => execute(command));
  }

  get hostEnd(): string {
    return `veth${this.endpoint.id.slice(0, 11)}`;
  }

  get bridge(): string {
    return `br-${this.network.id.slice(0, 12)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const server of this.#servers) await server[Symbol.asyncDispose]();
    this.outside[Symbol.dispose]();
  }
}

function execute(command: string): void {
  const { status, stderr } = spawnSync("sh", ["-c", command], { encoding: "utf8" });
  assert.equal(status, 0, `${command}: ${stderr}`);
}
