import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { describe, it } from "node:test";
import { CausewayError } from "@causeway/libnetwork";
import { PluginError } from "@causeway/plugin-sdk";
import { pino } from "pino";
import { logCall } from "./call-log.ts";

/** What is logged of a call that ended so, at all levels. */
function lineOf(error: unknown, status = 500): Record<string, unknown> {
  const lines: string[] = [];
  const stream = new Writable({
    write: (line, _, done) => {
      lines.push(String(line));
      done();
    },
  });
  const method = "NetworkDriver.CreateNetwork";
  logCall(pino({ level: "trace" }, stream), { plugin: "p", method, status, took: 1.234, error });
  assert.equal(lines.length, 1);
  const { level, msg, ...rest } = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
  return { level: pino.levels.labels[Number(level)], msg, ...rest };
}

describe("the log of calls", () => {
  it("has a debug line of one that went well", () => {
    const { level, msg, method, status, ms, err } = lineOf(undefined, 200);
    assert.deepEqual(
      { level, msg, method, status, ms, err },
      {
        level: "debug",
        msg: "call",
        method: "NetworkDriver.CreateNetwork",
        status: 200,
        ms: 1.23,
        err: undefined,
      },
    );
  });

  for (const error of [
    new CausewayError("invalid", "option_invalid", 'option "mtu": "abc" is no number'),
    new PluginError("request_invalid", "NetworkID is missing"),
  ])
    it(`says in a line, with its code and no stack, what was asked for amiss: ${error.name}`, () => {
      const { level, msg, code, err } = lineOf(error, 400);
      assert.deepEqual(
        { level, msg, code, err },
        { level: "info", msg: error.message, code: error.code, err: undefined },
      );
    });

  for (const error of [
    new CausewayError("internal", "kernel_failed", "the kernel said EIO"),
    new TypeError("x is not a function"),
  ])
    it(`says where it was thrown what is nobody's mistake but ours: ${error.name}`, () => {
      const { level, msg, err } = lineOf(error);
      assert.deepEqual({ level, msg }, { level: "error", msg: error.message });
      assert.match(JSON.stringify(err), /call-log\.test\.ts/);
    });
});
