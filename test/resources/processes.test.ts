/**
 * A process that may have no further thread or child: the reaper has no thread, and everything is done all the same.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { TestHost } from "../support/host.ts";
import { assertSameState, withoutOpenFiles } from "../support/kernel-state.ts";
import { needsProcessLimit, ProcessLimit } from "../support/process-limit.ts";
import { assertTalking, dualStack } from "../support/scenes.ts";

test("without a thread for the reaper everything is made and taken away, and processes are refused by an event", {
  skip: needsProcessLimit(),
}, async (t) => {
  const host = await TestHost.create(t);
  await dualStack(host, "first", 9);
  // One whose reaper has no thread yet: to make a network may have started one.
  const controller = await host.restart();
  const first = controller.networkByName("first");
  assert.ok(first !== undefined);
  const state = withoutOpenFiles(await host.settled());
  {
    using _limit = new ProcessLimit();
    const network = await dualStack(host, "n", 1);
    const publish = [{ containerPort: 80, hostPort: 8080 }];
    const a = await controller.attach(network, { containerId: "a", endpoint: { publish } });
    const b = await controller.attach(network, { containerId: "b" });
    await assertTalking(a.sandbox, b.sandbox);

    const [refusal] = await once(a.sandbox.spawn("true"), "error");
    assert.equal(refusal.code, "EAGAIN");

    await a.endpoint.unpublish([{ containerPort: 80 }]);
    await a.endpoint.leave(a.sandbox);
    // Waits until its links are gone.
    await a.endpoint.join(a.sandbox);
    await assertTalking(a.sandbox, b.sandbox);
    await a.sandbox.delete({ endpoints: "delete" });
    await b.sandbox.delete({ endpoints: "delete" });
    await network.delete();
    assertSameState(withoutOpenFiles(await host.settled()), state, "something is left");
  }
  const { sandbox } = await controller.attach(first, { containerId: "c" });
  const child = sandbox.spawn("true");
  const [status] = await once(child, "exit");
  assert.equal(status, 0);
});
