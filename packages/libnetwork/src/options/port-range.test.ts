import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { failsWith } from "../test-support.ts";
import { expandRange } from "./port-range.ts";

test("ranges of equal size go together port by port", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60_000 }),
      fc.integer({ min: 1, max: 60_000 }),
      fc.integer({ min: 2, max: 300 }),
      (container, host, size) => {
        const expected = Array.from({ length: size }, (_, at) => ({
          containerPort: container + at,
          hostPort: host + at,
        }));
        const range = { containerPort: container, hostPort: host };
        const ends = { containerPortEnd: container + size - 1, hostPortEnd: host + size - 1 };
        assert.deepEqual(expandRange({ ...range, ...ends }), expected);
      },
    ),
  );
});

test("without host ports each container port gets an automatic one", () => {
  assert.deepEqual(expandRange({ containerPort: 80 }), [{ containerPort: 80 }]);
  assert.deepEqual(expandRange({ containerPort: 80, containerPortEnd: 81 }), [
    { containerPort: 80 },
    { containerPort: 81 },
  ]);
});

test("a range of host ports for one container port stays one", () => {
  const range = { containerPort: 80, hostPort: 8000, hostPortEnd: 8010 };
  assert.deepEqual(expandRange(range), [range]);
  assert.deepEqual(expandRange({ containerPort: 80, hostPort: 8000 }), [{ ...range, hostPortEnd: 8000 }]);
});

test("ranges that make no sense are refused, with both in the message", () => {
  const ports = { containerPort: 80, containerPortEnd: 90, hostPort: 8000 };
  assert.throws(
    () => expandRange({ ...ports, hostPortEnd: 8009 }),
    failsWith("invalid", "unequal_port_ranges", /11 container ports 80-90 .* 8000-8009/),
  );
  assert.throws(() => expandRange(ports), failsWith("invalid", "unequal_port_ranges"));
  assert.throws(
    () => expandRange({ containerPort: 90, containerPortEnd: 80 }),
    failsWith("invalid", "reversed_port_range", /80-90/),
  );
  assert.throws(
    () => expandRange({ ...ports, hostPort: 8010, hostPortEnd: 8000 }),
    failsWith("invalid", "reversed_port_range", /8000-8010/),
  );
  assert.throws(
    () => expandRange({ containerPort: 65_530, containerPortEnd: 65_536 }),
    failsWith("invalid", "invalid_port", /65536/),
  );
});
