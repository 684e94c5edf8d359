import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseLocalPortRange, parsePortList, RoundRobin } from "./automatic-ports.ts";
import { PortSet, portsAmong } from "./port-set.ts";

test("the kernel's range and list are read", () => {
  assert.deepEqual(parseLocalPortRange("32768\t60999\n"), { first: 32_768, last: 60_999 });
  assert.throws(() => parseLocalPortRange(""), TypeError);
  const reserved = parsePortList("1,3-5,65535");
  const free = portsAmong({
    ranges: [
      { first: 0, last: 7 },
      { first: 65_534, last: 65_535 },
    ],
    excluded: [reserved],
  });
  assert.deepEqual([...free], [0, 2, 6, 7, 65_534]);
  assert.deepEqual(
    [...portsAmong({ ranges: [{ first: 0, last: 2 }], excluded: [parsePortList("")] })],
    [0, 1, 2],
  );
});

test("each search begins behind the port that was given last, and sees every port once", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 1, max: 300 }),
      (first, size, given) => {
        const range = { first, last: first + size };
        const roundRobin = new RoundRobin();
        roundRobin.advance("tcp", given);
        const order = [...portsAmong(roundRobin.candidates("tcp", { range, reserved: new PortSet() }))];
        const all = Array.from({ length: size + 1 }, (_, offset) => first + offset);
        const start = all.indexOf(given + 1);
        assert.deepEqual(order, start < 0 ? all : [...all.slice(start), ...all.slice(0, start)]);
      },
    ),
  );
});

test("protocols take turns apart from each other", () => {
  const roundRobin = new RoundRobin();
  roundRobin.advance("tcp", 1005);
  const settings = { range: { first: 1000, last: 1010 }, reserved: new PortSet() };
  assert.equal(portsAmong(roundRobin.candidates("tcp", settings)).next().value, 1006);
  assert.equal(portsAmong(roundRobin.candidates("udp", settings)).next().value, 1000);
});
