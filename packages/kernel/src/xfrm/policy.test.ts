import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { NetNamespace } from "../sys/namespace.ts";
import * as policy from "./policy.ts";
import { Xfrm } from "./xfrm.ts";

const tunnel = { family: 4, protocol: 17, destinationPort: 4793 } as const;

/** Runs with a connection in a namespace of its own; `ip` answers what `ip xfrm policy` says there. */
function withXfrm(action: (xfrm: Xfrm, ip: () => string) => void): void {
  using namespace = NetNamespace.create();
  using xfrm = new Xfrm(namespace);
  action(xfrm, () =>
    namespace
      .run(() => spawnSync("ip", ["xfrm", "policy"], { encoding: "utf8" }))
      .stdout.replaceAll(/\s+/g, " ")
      .trim(),
  );
}

describe("policies", () => {
  checkLeaks();

  it("are in the kernel as they were asked for, as iproute2 sees them, too", () =>
    withXfrm((xfrm, ip) => {
      const wanted: policy.Policy[] = [
        {
          direction: "out",
          selector: { family: 6, source: "fd00::/64", destination: "fd01::1/128", sourcePort: 53 },
          mark: { value: 5, mask: 0xff },
          priority: 7,
          action: "allow",
          templates: [{ requestId: 77 }, { requestId: 78, spi: 0x1234 }],
        },
        { direction: "in", selector: tunnel, priority: 0, action: "block", templates: [] },
        {
          direction: "forward",
          selector: { family: 4, source: "192.0.2.0/24" },
          priority: 1,
          action: "allow",
          templates: [{ requestId: 9 }],
        },
      ];
      for (const one of wanted) xfrm.execute(policy.add(one));
      const key = ({ direction }: policy.Policy) => direction;
      const byDirection = (list: readonly policy.Policy[]) =>
        list.toSorted((a, b) => key(a).localeCompare(key(b)));
      assert.deepEqual(byDirection(xfrm.dump(policy.list())), byDirection(wanted));
      assert.match(
        ip(),
        /src fd00::\/64 dst fd01::1\/128 sport 53 dir out priority 7 ptype main mark 0x5\/0xff tmpl src :: dst :: proto esp reqid 77 mode transport tmpl src :: dst :: proto esp spi 0x00001234 reqid 78 mode transport/,
      );
      assert.match(ip(), /proto udp dport 4793 dir in action block priority 0/);
    }));

  it("are added once, replaced, and removed one by one", () =>
    withXfrm((xfrm) => {
      const one = { direction: "out", selector: tunnel, templates: [{ requestId: 1 }] } as const;
      const other = { ...one, selector: { ...tunnel, family: 6 } } as const;
      xfrm.execute(policy.add(one), policy.add(other));
      assert.throws(() => xfrm.execute(policy.add(one)), { code: "EEXIST" });
      xfrm.execute(policy.replace({ ...one, templates: [{ requestId: 2 }] }), policy.remove(other));
      const [left, ...more] = xfrm.dump(policy.list());
      assert.deepEqual([left?.templates, more], [[{ requestId: 2 }], []]);
      xfrm.execute(policy.remove(one));
      assert.throws(() => xfrm.execute(policy.remove(one)), {
        message: "XFRM_MSG_DELPOLICY policy out of IPv4, any to any port 4793 failed with ENOENT",
      });
      assert.deepEqual(xfrm.dump(policy.list()), []);
    }));
});
