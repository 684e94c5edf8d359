import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DescriptorHoard } from "../../../../test/support/hoard.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import * as link from "../rtnl/link.ts";
import { TestHost } from "../rtnl/test-support.ts";
import type { Outcome } from "./protocol.ts";
import { ReaperWork } from "./work.ts";

describe("the reaper's work", () => {
  checkLeaks();

  it("tries again what it has no descriptor for, and does it when there is one", async () => {
    using host = new TestHost();
    host.rtnl.execute(link.create({ name: "a", info: { kind: "bridge" } }));
    const outcomes: Outcome[] = [];
    using work = new ReaperWork(host.namespace, (told) => outcomes.push(...told));
    let done: Promise<void>;
    {
      using _hoard = new DescriptorHoard(0);
      done = work.add({ id: 1, link: { name: "a" } });
      await sleep(50);
      assert.deepEqual(outcomes, []);
    }
    await done;
    assert.deepEqual(outcomes, [{ id: 1 }]);
    assert.equal(host.rtnl.findLink({ name: "a" }), undefined);
  });

  it("tells after two seconds that it still has none", async () => {
    using host = new TestHost();
    const outcomes: Outcome[] = [];
    using work = new ReaperWork(host.namespace, (told) => outcomes.push(...told));
    using _hoard = new DescriptorHoard(0);
    await work.add({ id: 1, link: { name: "a" } });
    assert.deepEqual(
      outcomes.map(({ id, failure }) => [id, failure?.operation, failure?.errno]),
      [[1, "socket", 24]],
    );
  });
});
