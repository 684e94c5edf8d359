import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AF_NETLINK, openSocket, SOCK_RAW } from "../sys/socket.ts";
import { attachFilter, type FilterInstruction } from "../sys/socket-filter.ts";
import { NETLINK_ROUTE } from "./constants.ts";
import {
  byteAt,
  type Filter,
  filterProgram,
  hasNone,
  hasSome,
  host16At,
  host32At,
  is,
  isNot,
  network32At,
} from "./filter.ts";

/** As the kernel runs a program: net/core/filter.c. */
function run(program: readonly FilterInstruction[], datagram: Buffer): number {
  let accumulator = 0;
  for (let at = 0; ; at++) {
    const { code, operand, ifTrue = 0, ifFalse = 0 } = program[at] ?? assert.fail("the program has no end");
    if (code === 0x06) return operand;
    if (code === 0x15) at += accumulator === operand ? ifTrue : ifFalse;
    else if (code === 0x45) at += (accumulator & operand) !== 0 ? ifTrue : ifFalse;
    else {
      const size = { 48: 1, 40: 2, 32: 4 }[code] ?? assert.fail(`instruction ${code}`);
      if (operand + size > datagram.length) return 0;
      accumulator = datagram.readUIntBE(operand, size);
    }
  }
}

const passes = (filter: Filter, ...bytes: readonly number[]) =>
  run(filterProgram(filter), Buffer.from(bytes)) !== 0;

describe("filter", () => {
  it("compares numbers of either byte order", () => {
    assert.ok(passes([[is(byteAt(1), 7)]], 0, 7));
    assert.ok(passes([[is(host16At(0), 0x0201)]], 1, 2));
    assert.ok(passes([[is(host32At(0), -2)]], 0xfe, 0xff, 0xff, 0xff));
    assert.ok(passes([[is(network32At(0), 0x01020304)]], 1, 2, 3, 4));
    assert.ok(!passes([[is(network32At(0), 0x01020304)]], 4, 3, 2, 1));
    assert.ok(passes([[isNot(byteAt(0), 7)]], 8));
    assert.ok(!passes([[isNot(byteAt(0), 7)]], 7));
  });

  it("looks at bits", () => {
    assert.ok(passes([[hasSome(host16At(0), 0x0110)]], 0, 1));
    assert.ok(!passes([[hasSome(host16At(0), 0x0110)]], 1, 0));
    assert.ok(passes([[hasNone(host16At(0), 0x0110)]], 1, 0));
    assert.ok(!passes([[hasNone(host16At(0), 0x0110)]], 0x10, 0));
  });

  it("asks for every condition of any choice", () => {
    const filter: Filter = [
      [is(byteAt(0), 1), isNot(byteAt(1), 1), hasNone(byteAt(1), 4)],
      [is(byteAt(0), 2), is(byteAt(1), 2)],
    ];
    const passing = [];
    for (let first = 0; first < 4; first++) {
      for (let second = 0; second < 8; second++) {
        if (passes(filter, first, second)) passing.push(`${first}${second}`);
      }
    }
    assert.deepEqual(passing, ["10", "12", "13", "22"]);
  });

  it("lets nothing pass that is too short, or where there is no choice", () => {
    assert.ok(!passes([[isNot(host32At(0), 1)], []], 1, 2, 3));
    assert.ok(!passes([], 1));
    assert.ok(passes([[]]));
  });

  it("makes programs that the kernel takes", () => {
    using socket = openSocket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    attachFilter(socket, filterProgram([[is(byteAt(0), 1), hasSome(host32At(4), 3)]], 1));
    assert.throws(() => attachFilter(socket, [{ code: 0x15, operand: 0, ifTrue: 200 }]), { code: "EINVAL" });
  });
});
