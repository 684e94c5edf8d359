// The command line loads nothing of libnetwork: it has the search for the nearest name once more, which must find the same.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as cli from "../../packages/cli/src/output/nearest.ts";
import * as libnetwork from "../../packages/libnetwork/src/options/nearest.ts";

test("the command line and the daemon mean the same name", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "C", "-"), maxLength: 9 });
  fc.assert(
    fc.property(word, fc.array(word), (name, known) => {
      assert.equal(cli.nearest(name, known), libnetwork.nearest(name, known));
      assert.equal(cli.suggestionOrAll(name, known), libnetwork.suggestionOrAll(name, known));
    }),
  );
});
