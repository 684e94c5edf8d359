// Who got in while the rules were away is put out when they are back, and who was there before stays.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { namespaceOf, TestHost } from "../support/host.ts";
import { Outside } from "../support/outside.ts";
import { dualStack } from "../support/scenes.ts";
import { Stream } from "../takeover/traffic.ts";

for (const mend of ["repair", "attach"] as const) {
  test(`what began while the tables were away ends with ${mend}, and what was led by a published port goes on`, async (t) => {
    const host = await TestHost.create(t, { selfHeal: false });
    using outside = new Outside(host);
    const network = await dualStack(host, "n", 1);
    const { endpoint, sandbox } = await host.controller.attach(network, {
      containerId: "web",
      endpoint: { publish: [{ containerPort: 80, hostPort: 8080 }] },
    });
    outside.routeTo("172.30.1.0/24");
    using inside = namespaceOf(sandbox);
    const published = { address: outside.hostIpv4, port: 8080 };
    await using before = await Stream.open(outside.namespace, published, { namespace: inside, port: 80 });
    await before.assertNothingLost();
    // What is not led by the rules reaches the host itself, which would end it.
    before.pause();
    host.namespace.spawn("nft", ["flush", "ruleset"]);
    await eventually(async () => {
      const { items } = await host.controller.inspectHealth();
      assert.ok(items.some(({ code }) => code === "firewall_table_missing"));
    });
    const direct = { address: endpoint.ipv4?.split("/")[0] ?? "", port: 81 };
    await using meanwhile = await Stream.open(outside.namespace, direct, { namespace: inside, port: 81 });
    await meanwhile.assertNothingLost();

    if (mend === "repair") await host.controller.repair();
    else await host.controller.attach(network, { containerId: "other" });
    await eventually(() => assert.ok(meanwhile.missing > 50, "it goes on"));
    before.resume();
    await before.assertNothingLost();
  });
}
