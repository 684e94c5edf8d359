// Attach and detach, over and over: the host is as it was at first.

import { test } from "node:test";
import { TestHost } from "./support/host.ts";
import { assertSameState } from "./support/kernel-state.ts";
import { assertTalking, dualStack } from "./support/scenes.ts";

const cycles = 200;
/** How many sandboxes there are at a time. */
const atOnce = 5;

test(`${cycles} attach/detach cycles leave links, namespaces, mounts, files and nft objects as they were`, async (t) => {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1);
  const cycle = async (first: number) => {
    const attached = await Promise.all(
      Array.from({ length: atOnce }, (_, number) =>
        host.controller.attach(network, {
          containerId: `c${first + number}`,
          endpoint: { publish: [{ containerPort: 80, hostPort: 20_000 + number }, { containerPort: 81 }] },
        }),
      ),
    );
    const [one, other] = attached;
    if (first % 50 === 0 && one !== undefined && other !== undefined) {
      await assertTalking(one.sandbox, other.sandbox);
    }
    await Promise.all(attached.map(({ sandbox }) => sandbox.delete({ endpoints: "delete" })));
  };
  // What is opened once and kept is open from here on.
  await cycle(0);
  const before = await host.settled();
  for (let done = 0; done < cycles; done += atOnce) await cycle(done);
  assertSameState(await host.settled(before), before, "something is left");
});

test("leaving and joining again, publishing and taking back, over and over", async (t) => {
  const host = await TestHost.create(t);
  const [one, two] = [await dualStack(host, "one", 1), await dualStack(host, "two", 2)];
  const { sandbox } = await host.controller.attach(one, { containerId: "c" });
  const endpoint = await two.createEndpoint("e");
  const cycle = async () => {
    await endpoint.join(sandbox);
    await endpoint.publish([{ containerPort: 80, hostPort: 8080 }]);
    await endpoint.unpublish([{ hostPort: 8080 }]);
    await endpoint.leave(sandbox);
  };
  await cycle();
  const before = await host.settled();
  for (let done = 0; done < 20; done++) await cycle();
  assertSameState(await host.settled(before), before, "something is left");
});
