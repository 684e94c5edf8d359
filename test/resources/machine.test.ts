/**
 * Limits of the whole machine: namespaces, mounts, buffers of sockets, inotify, tracked connections.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { readSysctl } from "@causeway/kernel";
import { NetworkController, type Sandbox } from "@causeway/libnetwork";
import { TestHost } from "../support/host.ts";
import { assertSameState, withoutOpenFiles } from "../support/kernel-state.ts";
import { assertExhausted } from "../support/refusals.ts";
import { assertTalking, dualStack } from "../support/scenes.ts";
import { MachineSetting, needsOwnMachine } from "../support/whole-machine.ts";

const skip = needsOwnMachine;

/** Two sandboxes that talk. */
async function twoTalking(host: TestHost) {
  const network = await dualStack(host, "n", 1);
  const a = await host.controller.attach(network, { containerId: "a" });
  const b = await host.controller.attach(network, { containerId: "b" });
  await assertTalking(a.sandbox, b.sandbox);
  return { network, a, b };
}

const refusal = (action: Promise<unknown>) => action.catch((error: unknown) => error);

test("without a namespace left no controller opens", { skip }, async () => {
  // In this process's own namespace: it comes to nothing before anything is touched.
  using _none = new MachineSetting("user/max_net_namespaces", 0);
  const options = { stateDir: "/tmp/none/state", runDir: "/tmp/none/run" };
  assertExhausted(await refusal(NetworkController.open(options)), "namespaces_exhausted", /raise it/);
  assert.equal(existsSync("/tmp/none"), false);
});

test("without a namespace left a sandbox is refused, once the warm ones are used up", { skip }, async (t) => {
  const host = await TestHost.create(t, { warmNamespaces: 2 });
  const { network, a, b } = await twoTalking(host);
  const state = await host.settled();
  {
    using _none = new MachineSetting("user/max_net_namespaces", 1);
    const warm: Sandbox[] = [];
    let error: unknown;
    while (error === undefined) {
      try {
        const { sandbox } = await host.controller.attach(network, { containerId: `c${warm.length}` });
        warm.push(sandbox);
      } catch (cause) {
        error = cause;
      }
    }
    assert.ok(warm.length <= 2, `${warm.length} warm ones`);
    assertExhausted(error, "namespaces_exhausted", /max_net_namespaces is 1\): raise it/);
    // The event loop turns meanwhile, and tries to fill the pool again.
    await assertTalking(a.sandbox, b.sandbox);
    for (const sandbox of warm) await sandbox.delete({ endpoints: "delete" });
  }
  const c = await host.controller.attach(network, { containerId: "c" });
  await assertTalking(a.sandbox, c.sandbox);
  await c.sandbox.delete({ endpoints: "delete" });
  // The pool is filled again in its own time.
  assertSameState(withoutOpenFiles(await host.settled()), withoutOpenFiles(state), "something is left");
});

test("without a mount left a sandbox is refused and leaves nothing", { skip }, async (t) => {
  const host = await TestHost.create(t);
  const { network, a, b } = await twoTalking(host);
  const state = withoutOpenFiles(await host.settled());
  {
    const mounts = readFileSync("/proc/self/mountinfo", "utf8").trim().split("\n").length;
    using _full = new MachineSetting("fs/mount-max", mounts);
    const error = await refusal(host.controller.attach(network, { containerId: "c" }));
    assertExhausted(error, "mounts_exhausted", /fs.mount-max is \d+\): raise it/);
    assertSameState(withoutOpenFiles(await host.settled()), state, "the refused one left something");
    await assertTalking(a.sandbox, b.sandbox);
  }
  const c = await host.controller.attach(network, { containerId: "c" });
  await assertTalking(a.sandbox, c.sandbox);
});

test("with the smallest buffers for sockets that Linux allows everything works", { skip }, async (t) => {
  using _received = new MachineSetting("net/core/rmem_default", 2304);
  using _most = new MachineSetting("net/core/rmem_max", 2304);
  const host = await TestHost.create(t);
  const { network, b } = await twoTalking(host);
  const publish = Array.from({ length: 300 }, (_, at) => ({ containerPort: at + 1, hostPort: 9000 + at }));
  const c = await host.controller.attach(network, { containerId: "c", endpoint: { publish } });
  await assertTalking(b.sandbox, c.sandbox);
  const sandboxes = [];
  for (let at = 0; at < 10; at++) sandboxes.push((await host.controller.attach(network)).sandbox);
  for (const sandbox of sandboxes) await sandbox.delete({ endpoints: "delete" });
  await host.restart();
  assert.deepEqual(host.controller.problems, []);
});

test("no inotify instance is needed", { skip }, async (t) => {
  using _none = new MachineSetting("user/max_inotify_instances", 0);
  const host = await TestHost.create(t);
  await twoTalking(host);
});

test("with a full table of tracked connections networks are managed as ever, and connections come about once there is room", {
  skip,
}, async (t) => {
  const host = await TestHost.create(t);
  const { network, a, b } = await twoTalking(host);
  {
    using _full = new MachineSetting("net/netfilter/nf_conntrack_max", 1);
    assert.equal(readSysctl("net/netfilter/nf_conntrack_max"), "1");
    const c = await host.controller.attach(network, {
      containerId: "c",
      endpoint: { publish: [{ containerPort: 80 }] },
    });
    await c.sandbox.delete({ endpoints: "delete" });
    const other = await host.controller.newNetwork("bridge", "other");
    await other.delete();
  }
  await assertTalking(a.sandbox, b.sandbox);
});
