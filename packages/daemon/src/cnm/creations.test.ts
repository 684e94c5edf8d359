import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FastifyRequest } from "fastify";
import { Creations } from "./creations.ts";

interface Asked {
  readonly uid?: number;
  readonly text?: string;
  readonly key?: string;
  readonly body?: unknown;
}

/** As much of a request as is looked at. */
function request({ uid, text = "", key = "k", body = {} }: Asked = {}): FastifyRequest {
  const asked = { method: "POST", url: "/x", body, headers: { "idempotency-key": key } };
  return { ...asked, caller: { uid, text } } as unknown as FastifyRequest;
}

/** Makes 1, 2, 3 ... */
function counting() {
  const creations = new Creations();
  let made = 0;
  return (asked?: Asked) => creations.once(request(asked), async () => ++made);
}

describe("creations with a key", () => {
  it("are each caller's own: nobody gets what another has made", async () => {
    const make = counting();
    assert.deepEqual([await make({ uid: 0 }), await make({ uid: 7 }), await make({ uid: 0 })], [1, 2, 1]);
    assert.deepEqual(
      [await make({ text: "certificate a" }), await make({ text: "certificate b" })],
      [3, 4],
      "whoever comes by TCP is known by his certificate",
    );
    await assert.rejects(make({ uid: 7, body: { name: "other" } }), { code: "idempotency_key_reused" });
  });

  it("are remembered up to a thousand, the oldest forgotten first", async () => {
    const make = counting();
    for (let at = 0; at < 1000; at++) await make({ key: `k${at}` });
    assert.equal(await make({ key: "k0" }), 1);
    assert.equal(await make({ key: "one-more" }), 1001);
    assert.equal(await make({ key: "k0" }), 1002);
    assert.equal(await make({ key: "k999" }), 1000);
  });

  it("are remembered for a day", async (t) => {
    t.mock.timers.enable({ apis: ["Date"] });
    const make = counting();
    assert.equal(await make(), 1);
    t.mock.timers.tick(24 * 60 * 60 * 1000);
    assert.equal(await make(), 1);
    t.mock.timers.tick(1);
    assert.equal(await make(), 2);
  });

  it("have a key of printable characters", async () => {
    const make = counting();
    for (const key of ["", "a b", "ä", "x".repeat(256)])
      await assert.rejects(make({ key }), { code: "invalid_idempotency_key" });
  });
});
