// Bad input: every refusal has its code, names the value and the mend, and changes nothing at all.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CausewayError } from "@causeway/libnetwork";
import { addresses } from "./bad-input/addresses.ts";
import { kernelLimits } from "./bad-input/limits.ts";
import { names, unknown } from "./bad-input/names.ts";
import { networks, sandboxes } from "./bad-input/objects.ts";
import { ports } from "./bad-input/ports.ts";
import { buildScene } from "./bad-input/scene.ts";
import { subnets } from "./bad-input/subnets.ts";
import { wrongTypes } from "./bad-input/types.ts";
import { TestHost } from "./support/host.ts";
import { assertSameState } from "./support/kernel-state.ts";
import { Outside } from "./support/outside.ts";
import { serve } from "./support/traffic.ts";

const groups = { names, unknown, wrongTypes, subnets, addresses, ports, kernelLimits, networks, sandboxes };

test("bad input", async (t) => {
  const host = await TestHost.create(t);
  using _outside = new Outside(host);
  await using _server = await serve(host.namespace, { port: 7070 });
  const scene = await buildScene(host);
  let before = await host.settled();
  for (const [group, refusals] of Object.entries(groups)) {
    await t.test(group, async (inner) => {
      for (const { title, kind, code, message, act } of refusals) {
        await inner.test(title, async () => {
          await assert.rejects(
            async () => act(scene),
            (error) => {
              assert.ok(error instanceof CausewayError, `not a CausewayError: ${String(error)}`);
              assert.deepEqual({ kind: error.kind, code: error.code }, { kind, code }, error.message);
              assert.match(error.message, message);
              return true;
            },
          );
          const [after, expected] = [await host.settled(before), before];
          before = after;
          assertSameState(after, expected, "something changed");
        });
      }
    });
  }
});
