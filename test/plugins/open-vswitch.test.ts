// What the driver on Open vSwitch needs no Open vSwitch for: the cutting of what its database says.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { JsonStream } from "../../examples/plugins/open-vswitch/json-stream.ts";

describe("objects of JSON that follow each other", () => {
  const objects = [
    { id: 1, result: [{}], error: null },
    { method: "echo", params: ['a "}{" \\', "é{", { deep: [{ er: {} }] }] },
    {},
  ];
  const text = objects.map((object) => JSON.stringify(object)).join("");

  it("are cut where they end, wherever the pieces end", () => {
    for (let size = 1; size <= text.length; size++) {
      const stream = new JsonStream();
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
        text.slice(at * size, (at + 1) * size),
      );
      assert.deepEqual(
        pieces.flatMap((piece) => stream.push(piece)),
        objects,
        `pieces of ${size}`,
      );
    }
  });

  it("may have blanks between them, and one that is not whole waits", () => {
    const stream = new JsonStream();
    assert.deepEqual(stream.push(' {"a":1}\n {"b"'), [{ a: 1 }]);
    assert.deepEqual(stream.push(":"), []);
    assert.deepEqual(stream.push("2}"), [{ b: 2 }]);
  });
});
