import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { NetNamespace, Reaper, Rtnl } from "@causeway/kernel";
import type { ConnectionFilter } from "../../contracts/connections.ts";
import type { EndpointSpec, NetworkSpec } from "../../contracts/driver.ts";
import { NoFirewall } from "../../firewall/none.ts";
import { PortAllocator } from "../../ports/port-allocator.ts";
import { BridgeDriver } from "./driver.ts";

const networkSpec: NetworkSpec = {
  id: "0123456789abcdef",
  name: "n",
  internal: false,
  options: {},
  ipv4: [{ addressSpace: "local", pool: "10.2.0.0/24", gateway: "10.2.0.1/24", auxiliaryAddresses: {} }],
  ipv6: [],
};

function endpointSpec(id: string, ipv4: string): EndpointSpec {
  return {
    id,
    networkId: networkSpec.id,
    name: id,
    interface: { mac: "02:42:0a:02:00:02", ipv4, ipv6: undefined },
    options: {},
    publish: [],
    macChosen: false,
    exposedPorts: [],
  };
}

/** A driver, the passes that it asks for, and what these say: undefined where there is nothing to forget. */
function setting(t: TestContext) {
  const cleanUp = new AsyncDisposableStack();
  t.after(() => cleanUp.disposeAsync());
  const host = cleanUp.use(NetNamespace.create());
  const asked: (readonly ConnectionFilter[])[] = [];
  const pass: { outcome: Promise<void> | undefined } = { outcome: undefined };
  const forgetLater = (filters: readonly ConnectionFilter[]) => {
    asked.push(filters);
    return pass.outcome;
  };
  const driver = new BridgeDriver(
    {
      host,
      rtnl: cleanUp.use(new Rtnl(host)),
      reaper: cleanUp.use(new Reaper(host)),
      firewall: new NoFirewall(),
      ports: cleanUp.adopt(new PortAllocator(host), (made) => made.close()),
      connections: { forget: async (filters) => forgetLater(filters), forgetLater },
      memory: { read: () => undefined, write: () => undefined },
      ownerOf: (id) => `causeway:0123456789ab:${id}`,
    },
    undefined,
  );
  return { driver, asked, pass };
}

/** Whether a promise is kept already. */
async function isOver(work: Promise<unknown>): Promise<boolean> {
  let over = false;
  void work.then(() => {
    over = true;
  });
  await new Promise((done) => setImmediate(done));
  return over;
}

describe("old connections", () => {
  it("of a new network's subnet are forgotten before it is there; a failure leaves no network", async (t) => {
    const { driver, asked, pass } = setting(t);
    pass.outcome = Promise.reject(new Error("no pass"));
    await assert.rejects(driver.createNetwork(networkSpec), /no pass/);
    const { promise, resolve } = Promise.withResolvers<void>();
    pass.outcome = promise;
    asked.length = 0;
    const made = driver.createNetwork(networkSpec);
    while (asked.length === 0) await new Promise((done) => setTimeout(done, 1));
    assert.equal(await isOver(made), false);
    resolve();
    await made;
    const subnet = "10.2.0.0/24";
    const filters = [{ originalSource: subnet }, { originalDestination: subnet }, { replySource: subnet }];
    assert.deepEqual(asked, [filters]);
    driver.deleteNetwork(networkSpec.id);
    await driver.close();
  });

  it("of an address keep the next endpoint of that address waiting, and no other", async (t) => {
    const { driver, pass } = setting(t);
    await driver.createNetwork(networkSpec);
    for (const [id, address] of [
      ["former", "10.2.0.2/24"],
      ["next", "10.2.0.2/24"],
      ["other", "10.2.0.3/24"],
    ] as const) {
      driver.createEndpoint(endpointSpec(id, address));
    }
    assert.ok(!(driver.join(networkSpec.id, "former") instanceof Promise), "nothing to wait for");
    const { promise, resolve } = Promise.withResolvers<void>();
    pass.outcome = promise;
    driver.leave(networkSpec.id, "former");
    assert.ok(!(driver.join(networkSpec.id, "other") instanceof Promise), "another address");
    const joined = driver.join(networkSpec.id, "next");
    assert.ok(joined instanceof Promise);
    assert.equal(await isOver(joined), false);
    resolve();
    await joined;
    pass.outcome = undefined;
    driver.leave(networkSpec.id, "next");
    assert.ok(!(driver.join(networkSpec.id, "next") instanceof Promise), "nothing was tracked");
    for (const id of ["next", "other"]) driver.leave(networkSpec.id, id);
    for (const id of ["former", "next", "other"]) driver.deleteEndpoint(networkSpec.id, id);
    driver.deleteNetwork(networkSpec.id);
    await driver.close();
  });
});
