import assert from "node:assert/strict";
import { constants } from "node:os";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DescriptorHoard } from "../../../../test/support/hoard.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import * as link from "../rtnl/link.ts";
import { TestHost } from "../rtnl/test-support.ts";
import { setGuard } from "../sys/seam.ts";
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

  for (const [code, tries, what] of [
    ["EBUSY", 4, "what is busy is tried four times in all"],
    ["ENOBUFS", 22, "for want of memory it is tried for two seconds"],
    ["EOPNOTSUPP", 1, "what the kernel cannot do is not tried again"],
  ] as const) {
    it(what, async () => {
      using host = new TestHost();
      host.rtnl.execute(link.create({ name: "a", info: { kind: "bridge" } }));
      const outcomes: Outcome[] = [];
      using work = new ReaperWork(host.namespace, (told) => outcomes.push(...told));
      let tried = 0;
      setGuard({
        before: ({ kind, operation }) => {
          if (kind !== "netlink" || operation === "RTM_DELLINK") return undefined;
          tried++;
          return { code };
        },
        after: () => undefined,
      });
      await work.add({ id: 1, link: { name: "a" } }).finally(() => setGuard(undefined));
      assert.equal(tried, tries);
      assert.deepEqual(
        outcomes.map(({ id, failure }) => [id, failure?.errno]),
        [[1, constants.errno[code]]],
      );
    });
  }

  it("takes an answer that cannot be read for a refusal, and tries again", async () => {
    using host = new TestHost();
    host.rtnl.execute(link.create({ name: "a", info: { kind: "bridge" } }));
    const outcomes: Outcome[] = [];
    using work = new ReaperWork(host.namespace, (told) => outcomes.push(...told));
    let torn = 0;
    setGuard({
      before: ({ operation }) => {
        if (operation !== "recv" || torn > 0) return undefined;
        torn++;
        return { code: "EIO", torn: true };
      },
      after: () => undefined,
    });
    await work.add({ id: 1, link: { name: "a" } }).finally(() => setGuard(undefined));
    assert.equal(torn, 1);
    assert.deepEqual(outcomes, [{ id: 1 }]);
    assert.equal(host.rtnl.findLink({ name: "a" }), undefined);
  });
});
