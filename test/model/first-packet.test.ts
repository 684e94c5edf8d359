// When join returns, the first packet gets through: in both families, both ways, whoever had the address before.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TestHost } from "../support/host.ts";
import { dualStack, ipv4Only, reaches } from "../support/scenes.ts";

test("a newcomer reaches and is reached at once, time after time", async (t) => {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1);
  const { sandbox: old } = await host.controller.attach(network, { containerId: "old" });
  for (let round = 0; round < 10; round++) {
    const { sandbox, endpoint } = await host.controller.attach(network);
    const [ipv4 = "", ipv6 = ""] = [endpoint.ipv4, endpoint.ipv6].map((cidr) => cidr?.split("/")[0]);
    assert.equal(await reaches(old, sandbox, ipv6), "fd00:1::2", `to ${ipv6}`);
    assert.equal(await reaches(old, sandbox, ipv4), "172.30.1.2", `to ${ipv4}`);
    assert.equal(await reaches(sandbox, old, "fd00:1::2"), ipv6, `from ${ipv6}`);
    assert.equal(await reaches(sandbox, old, "172.30.1.2"), ipv4, `from ${ipv4}`);
    await sandbox.delete({ endpoints: "delete" });
  }
});

test("the first sandbox of a network reaches the host at once, and the host it", async (t) => {
  const host = await TestHost.create(t);
  const hostly = await host.controller.newSandbox("hostly", { useHostNetwork: true });
  for (let round = 1; round <= 10; round++) {
    // Without IPv6, for which join waits anyway.
    const network = await ipv4Only(host, `n${round}`, round);
    const { sandbox } = await host.controller.attach(network);
    const subnet = `172.30.${round}`;
    assert.equal(await reaches(sandbox, hostly, `${subnet}.1`), `${subnet}.2`, `to the host, round ${round}`);
    assert.equal(await reaches(hostly, sandbox, `${subnet}.2`), `${subnet}.1`, `to it, round ${round}`);
  }
});

test("an address that another had a moment ago, with another MAC", async (t) => {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1);
  const { sandbox: old } = await host.controller.attach(network, { containerId: "old" });
  for (let round = 0; round < 5; round++) {
    const mac = `02:00:00:00:00:0${round}`;
    const endpoint = { ipv4: "172.30.1.9", ipv6: "fd00:1::9", mac };
    const { sandbox } = await host.controller.attach(network, { endpoint });
    assert.equal(await reaches(old, sandbox, "172.30.1.9"), "172.30.1.2", `IPv4, round ${round}`);
    assert.equal(await reaches(old, sandbox, "fd00:1::9"), "fd00:1::2", `IPv6, round ${round}`);
    await sandbox.delete({ endpoints: "delete" });
  }
});
