import assert from "node:assert/strict";
import { test } from "node:test";
import type { NftObject } from "@causeway/kernel";
import { foreignDrops } from "./foreign-chains.ts";

const chain = {
  family: "ip",
  table: "filter",
  name: "FORWARD",
  type: "filter",
  hook: "forward",
  prio: 0,
  policy: "drop",
};
const ruleOf = (chainName: string, ...expr: readonly unknown[]): NftObject => ({
  rule: { ...chain, chain: chainName, expr },
});
const rule = (...expr: readonly unknown[]) => ruleOf("FORWARD", ...expr);
const accept = { accept: null };

function codes(base: Readonly<Record<string, unknown>>, ...rules: readonly NftObject[]): string[] {
  const list = (what: string): readonly NftObject[] => (what === "chains" ? [{ chain: base }] : rules);
  return foreignDrops({ list }, "causeway").map(({ code }) => code);
}

test("a chain that drops by its policy, or at its end, is told of", () => {
  assert.deepEqual(codes(chain), ["forward_dropped"]);
  assert.deepEqual(codes({ ...chain, policy: "accept" }), []);
  const refusal = rule({ counter: { packets: 1, bytes: 2 } }, { reject: { type: "icmpx" } });
  assert.deepEqual(codes({ ...chain, policy: "accept" }, rule(accept), refusal), ["forward_dropped"]);
  assert.deepEqual(codes({ ...chain, policy: "accept" }, rule("xt match x", { drop: null })), []);
});

test("what drops at the end of another chain is not", () => {
  const open = { ...chain, policy: "accept" };
  assert.deepEqual(codes(open, rule(accept), ruleOf("INPUT", { drop: null })), []);
  assert.deepEqual(codes(open, rule({ drop: null }), ruleOf("INPUT", accept)), ["forward_dropped"]);
});

test("other hooks and families, and our own tables, are not", () => {
  assert.deepEqual(codes({ ...chain, hook: "input" }), []);
  assert.deepEqual(codes({ ...chain, family: "bridge" }), []);
  assert.deepEqual(codes({ ...chain, table: "causeway" }), []);
});

test("one that lets our link group pass is none, whoever wrote its rules", () => {
  const match = (key: string) => ({ match: { op: "==", left: { meta: { key } }, right: 51717 } });
  for (const key of ["iifgroup", "oifgroup"])
    assert.deepEqual(codes(chain, rule(match(key), accept)), ["forward_dropped"], "one way only");
  assert.deepEqual(codes(chain, rule(match("iifgroup"), accept), rule(match("oifgroup"), accept)), []);
  assert.deepEqual(codes(chain, rule("xt match devgroup", accept)), []);
  const translated = ["iifgroup 0xca05", "oifgroup 0xca05"].map((text) =>
    rule(text, { counter: null }, accept),
  );
  assert.deepEqual(codes(chain, ...translated), []);
});
