// Who reaches whom over hosts: by both families, inside and under it, at every size.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkLeaks } from "../support/leak-check.ts";
import { OverlayCluster, usual } from "../support/overlay-hosts.ts";
import { canPing } from "../support/traffic.ts";

describe("an overlay network", () => {
  checkLeaks();

  for (const family of [4, 6] as const) {
    it(`carries both families between two hosts over IPv${family}`, async () => {
      await using cluster = new OverlayCluster({ family });
      const network = await cluster.newNetwork();
      const a = await cluster.join(cluster.host(1), network, usual(2));
      const b = await cluster.join(cluster.host(2), network, usual(3));
      assert.ok(await canPing(a.namespace, "10.7.0.3"));
      assert.ok(await canPing(a.namespace, "fd00:7::3"));
      assert.ok(await canPing(b.namespace, "10.7.0.2"));
      assert.ok(await canPing(b.namespace, "fd00:7::2"));
    });
  }
});
