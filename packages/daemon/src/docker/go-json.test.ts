import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import Type from "typebox";
import { Value } from "typebox/value";
import { type GoSchema, readGoJson } from "./go-json.ts";
import { NetworkConnect, NetworkCreateRequest, NetworkDisconnect } from "./schemas.ts";

test("whatever comes, what is read holds to the schema, or is refused in Go's words", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(NetworkCreateRequest, NetworkConnect, NetworkDisconnect),
      fc.oneof(
        fc.json().map((text) => JSON.parse(text)),
        fc.record({ name: fc.json(), IPAM: fc.object(), labels: fc.object(), Container: fc.anything() }),
      ),
      (schema, given) => {
        try {
          const value = readGoJson(schema as GoSchema, given);
          assert.ok(Value.Check(schema, value), JSON.stringify(value));
        } catch (error) {
          assert.match(String(error), /json: cannot unmarshal \w+/);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test("null in a list or a map is the zero of its kind, and elsewhere absent", () => {
  const schema = Type.Object({
    texts: Type.Array(Type.String()),
    byName: Type.Record(Type.String(), Type.String()),
    count: Type.Integer(),
  });
  const given = { TEXTS: ["a", null], byname: { a: null }, count: null };
  assert.deepEqual(readGoJson(schema as GoSchema, given), { texts: ["a", ""], byName: { a: "" } });
  assert.throws(() => readGoJson(schema as GoSchema, { count: 1.5 }), /cannot unmarshal number 1.5 into/);
});
