// A port for datagrams whose earlier connections cannot be looked for: nothing of it is left behind.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { NftContext, setGuard } from "@causeway/kernel";
import { TestHost } from "../support/host.ts";
import { ipv4Only } from "../support/scenes.ts";

const port = { containerPort: 53, hostPort: 5353, protocol: "udp" } as const;

/** The host's addresses cannot be listed until the end of the scope. */
function withoutAddresses(): Disposable {
  setGuard({
    before: ({ operation }) => (operation === "RTM_GETADDR" ? { code: "ENOBUFS" } : undefined),
    after: () => undefined,
  });
  return { [Symbol.dispose]: () => setGuard(undefined) };
}

function elements(host: TestHost): string {
  using context = new NftContext(host.namespace);
  return JSON.stringify(
    ["published4", "published6", "published_any4", "published_any6"].map((set) =>
      context
        .list(`map inet causeway ${set}`)
        .map((object) => (object.map as { elem?: unknown } | undefined)?.elem),
    ),
  );
}

async function scene(t: TestContext) {
  const host = await TestHost.create(t, { selfHeal: false });
  const network = await ipv4Only(host, "n", 1);
  return { host, network };
}

test("an endpoint that cannot publish it has nothing of it", async (t) => {
  const { host, network } = await scene(t);
  const { endpoint } = await host.controller.attach(network, { containerId: "a" });
  const before = elements(host);
  {
    using _guard = withoutAddresses();
    await assert.rejects(endpoint.publish([port]), { code: "out_of_memory" });
  }
  assert.equal(elements(host), before);
  await endpoint.publish([port]);
  assert.notEqual(elements(host), before);
});

test("an endpoint that cannot join with it has nothing of it", async (t) => {
  const { host, network } = await scene(t);
  const sandbox = await host.controller.newSandbox("a");
  const endpoint = await network.createEndpoint("e", { publish: [port] });
  const before = elements(host);
  {
    using _guard = withoutAddresses();
    await assert.rejects(endpoint.join(sandbox), { code: "out_of_memory" });
  }
  assert.equal(elements(host), before);
  await endpoint.join(sandbox);
  assert.notEqual(elements(host), before);
});
