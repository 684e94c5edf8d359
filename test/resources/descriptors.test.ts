/**
 * A process that has no file descriptor left: what needs some is refused and leaves nothing behind, what takes away
 * succeeds, and the sandboxes' traffic goes on. And one that has a thousand others open.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { before, test } from "node:test";
import { NetworkController, type Sandbox } from "@causeway/libnetwork";
import { DescriptorHoard, limitDescriptors } from "../support/hoard.ts";
import { namespaceOf, TestHost } from "../support/host.ts";
import { assertSameState, withoutOpenFiles } from "../support/kernel-state.ts";
import { assertExhausted } from "../support/refusals.ts";
import { assertTalking, dualStack } from "../support/scenes.ts";
import { openUdp, serve } from "../support/traffic.ts";

const assertRefused = (error: unknown) =>
  assertExhausted(error, "file_descriptors_exhausted", /raise the limit/);

const publish = [
  { containerPort: 80, hostPort: 8080 },
  { containerPort: 53, protocol: "udp" as const },
];

// More than the tests ever have open.
before(() => limitDescriptors(200));

/** The error of an action with so many descriptors left, or undefined where they sufficed. */
async function withDescriptors(left: number, action: () => unknown): Promise<unknown> {
  using _hoard = new DescriptorHoard(left);
  try {
    await action();
    return undefined;
  } catch (error) {
    return error;
  }
}

test("what is made with too few descriptors is refused, however few, and nothing of it stays", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const network = await dualStack(host, "n", 1);
  const sandbox = await controller.newSandbox("idle");
  const endpoint = await network.createEndpoint("idle");
  const makers = {
    newNetwork: async () => (await controller.newNetwork("bridge", "m")).delete(),
    newSandbox: async () => (await controller.newSandbox("c")).delete(),
    createEndpoint: async () => (await network.createEndpoint("e", { publish })).delete(),
    join: async () => {
      await endpoint.join(sandbox);
      await endpoint.leave(sandbox);
    },
    publish: async () => {
      await endpoint.publish(publish);
      await endpoint.unpublish([{ containerPort: 80 }, { containerPort: 53 }]);
    },
    attach: async () => {
      const attached = await controller.attach(network, { containerId: "c", endpoint: { publish } });
      await attached.sandbox.delete({ endpoints: "delete" });
    },
  };
  for (const [name, make] of Object.entries(makers)) {
    await t.test(name, async (t) => {
      const state = withoutOpenFiles(await host.settled());
      let left = 0;
      for (let done = false; !done; left++) {
        const error = await withDescriptors(left, make);
        assertSameState(withoutOpenFiles(await host.settled()), state, `${name} with ${left} descriptors`);
        done = error === undefined;
        if (!done) assertRefused(error);
      }
      t.diagnostic(`takes ${left - 1} descriptors`);
    });
  }
  await endpoint.join(sandbox);
});

test("what is taken away goes without a descriptor, also before the reaper's thread began", async (t) => {
  const host = await TestHost.create(t);
  await dualStack(host, "n", 1);
  // One whose reaper has no thread yet: to make a network may have started one.
  const controller = await host.restart();
  const network = controller.networkByName("n");
  assert.ok(network !== undefined);
  const state = withoutOpenFiles(await host.settled());
  const a = await controller.attach(network, { containerId: "a", endpoint: { publish } });
  const b = await controller.attach(network, { containerId: "b" });
  const c = await controller.attach(network, { containerId: "c" });
  {
    await using talk = await Conversation.begin(b.sandbox, c.sandbox);
    using _hoard = new DescriptorHoard(0);
    await a.endpoint.unpublish([{ containerPort: 80 }]);
    await a.endpoint.leave(a.sandbox);
    await a.endpoint.delete();
    await a.sandbox.delete();
    assert.equal(await talk.ask(), b.sandbox.endpoints()[0]?.ipv4?.split("/")[0]);
  }
  await assertTalking(b.sandbox, c.sandbox);
  {
    using _hoard = new DescriptorHoard(0);
    await b.sandbox.delete({ endpoints: "delete" });
    await c.endpoint.delete({ force: true });
    await c.sandbox.delete();
  }
  assertSameState(withoutOpenFiles(await host.settled()), state, "something is left");
  using _hoard = new DescriptorHoard(0);
  await network.delete();
});

/** Questions by UDP from one sandbox to another, over sockets that are open already. */
class Conversation implements AsyncDisposable {
  readonly #asker: ReturnType<typeof openUdp>;
  readonly #server: AsyncDisposable;
  readonly #to: string;

  private constructor(asker: ReturnType<typeof openUdp>, server: AsyncDisposable, to: string) {
    this.#asker = asker;
    this.#server = server;
    this.#to = to;
  }

  static async begin(from: Sandbox, to: Sandbox): Promise<Conversation> {
    using source = namespaceOf(from);
    using target = namespaceOf(to);
    const server = await serve(target, { protocol: "udp", port: 7000 });
    const asker = openUdp(source, "0.0.0.0", 7001);
    return new Conversation(asker, server, to.endpoints()[0]?.ipv4?.split("/")[0] ?? "");
  }

  /** Answers the address that the other sees. */
  async ask(): Promise<string> {
    const answered = once(this.#asker, "message");
    this.#asker.send("who am I?", 7000, this.#to);
    const [answer] = await answered;
    return String(answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#asker.close();
    await this.#server[Symbol.asyncDispose]();
  }
}

test("a controller that finds too few descriptors does not open, and loses nothing", async (t) => {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1);
  const range = [{ containerPort: 81, containerPortEnd: 90, hostPort: 8081, hostPortEnd: 8090 }];
  const a = await host.controller.attach(network, { containerId: "a", endpoint: { publish: range } });
  const b = await host.controller.attach(network, { containerId: "b" });
  await assertTalking(a.sandbox, b.sandbox);
  const state = withoutOpenFiles(await host.settled());
  await host.stop();
  let opens = false;
  const outcomes = new Set<string>();
  for (let left = 0; !opens; left++) {
    // Ports are taken up with what opening has left.
    let problems: readonly { readonly error: unknown }[] = [];
    const error = await withDescriptors(left, async () => {
      await using controller = await NetworkController.open(host.options);
      problems = controller.problems;
    });
    if (error !== undefined) assertRefused(error);
    for (const problem of problems) assertRefused(problem.error);
    opens = error === undefined && problems.length === 0;
    outcomes.add(error !== undefined ? "refused" : opens ? "opened" : "opened with problems");
    if (opens) t.diagnostic(`takes ${left} descriptors`);
  }
  assert.deepEqual([...outcomes], ["refused", "opened with problems", "opened"]);
  await host.start();
  assertSameState(withoutOpenFiles(await host.settled()), state, "something was lost");
  const [first, second] = host.controller.sandboxes();
  assert.ok(first && second);
  await assertTalking(first, second);
});

test("a controller works among a thousand and more other open files, where select() would end the process", async (t) => {
  limitDescriptors(3000);
  t.after(() => limitDescriptors(200));
  const host = await TestHost.create(t);
  await host.stop();
  // From here on every new descriptor has a number beyond FD_SETSIZE, but those that libnftables keeps for itself.
  using _hoard = new DescriptorHoard(1500, "last");
  await host.start();
  const network = await dualStack(host, "n", 1);
  const a = await host.controller.attach(network, { containerId: "a", endpoint: { publish } });
  const b = await host.controller.attach(network, { containerId: "b" });
  await assertTalking(a.sandbox, b.sandbox);
  await host.restart();
  const [first, second] = host.controller.sandboxes();
  assert.ok(first && second);
  await assertTalking(first, second);
});
