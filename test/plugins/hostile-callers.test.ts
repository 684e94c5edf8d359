// Somebody who asks our served driver for what dockerd would not: two things at a time, addresses that are not the network's, ids that mean the
// same link. It is refused, and what others have is not touched.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { link } from "@causeway/kernel";
import { newId } from "@causeway/libnetwork";
import { ServedHost } from "../support/served-host.ts";
import { canPing } from "../support/traffic.ts";

async function scene(t: Parameters<typeof ServedHost.create>[0]) {
  const host = ServedHost.create(t);
  const served = await host.serve("ours");
  const { NetworkID } = await served.network("10.60.0");
  const endpoint = (Address: string, EndpointID = newId(), MacAddress = "") =>
    served.driver.createEndpoint({
      NetworkID,
      EndpointID,
      Options: {},
      Interface: { Address, AddressIPv6: "", MacAddress },
    });
  return { host, served, driver: served.driver, NetworkID, endpoint };
}

describe("our served driver", () => {
  it("gives an address to one endpoint, however many are made at a time", async (t) => {
    const { driver, NetworkID, endpoint } = await scene(t);
    const ids = Array.from({ length: 4 }, () => newId());
    await Promise.all(ids.map((id) => endpoint("10.60.0.9/24", id)));
    const asked = ids.map((EndpointID) => driver.endpointOperInfo({ NetworkID, EndpointID }));
    const kept = (await Promise.allSettled(asked)).filter(({ status }) => status === "fulfilled");
    assert.equal(kept.length, 1, "the others were forgotten, as after a kill of dockerd's");
    await driver.deleteNetwork({ NetworkID });
  });

  it("deletes a network while endpoints of it come, join, and have its own id", async (t) => {
    const { driver, NetworkID, endpoint } = await scene(t);
    const id = newId();
    await endpoint("10.60.0.8/24", id);
    await endpoint("10.60.0.9/24", NetworkID);
    const join = { NetworkID, EndpointID: id, SandboxKey: "/run/docker/netns/x", Options: {} };
    const [, , deleted] = await Promise.allSettled([
      driver.join(join),
      endpoint("10.60.0.10/24"),
      driver.deleteNetwork({ NetworkID }),
      endpoint("10.60.0.11/24"),
    ]);
    assert.equal(deleted.status, "fulfilled");
    await assert.rejects(driver.join(join), { message: /has no endpoint/ });
    await assert.rejects(endpoint("10.60.0.12/24"), { message: /is not known here/ });
  });

  it("refuses an id whose links would be another endpoint's", async (t) => {
    const { served, driver, NetworkID, endpoint } = await scene(t);
    const a = await served.container(NetworkID, "10.60.0.2/24");
    const b = await served.container(NetworkID, "10.60.0.3/24");
    const twin = `${a.ids.EndpointID.slice(0, 11)}${newId().slice(11)}`;
    await assert.rejects(endpoint("10.60.0.4/24", twin), { message: /begins with the same digits/ });
    await driver.leave({ NetworkID, EndpointID: twin });
    await driver.deleteEndpoint({ NetworkID, EndpointID: twin });
    assert.equal(await canPing(b.namespace, "10.60.0.2"), true);
    await a.remove();
    await b.remove();
    await driver.deleteNetwork({ NetworkID });
  });

  it("leaves a link of somebody else's alone that has the name of one to be made", async (t) => {
    const { host, driver, NetworkID, endpoint } = await scene(t);
    const EndpointID = newId();
    const name = `peer${EndpointID.slice(0, 11)}`;
    host.rtnl.execute(link.create({ name, info: { kind: "bridge" } }));
    await endpoint("10.60.0.2/24", EndpointID);
    const join = { NetworkID, EndpointID, SandboxKey: "/run/docker/netns/x", Options: {} };
    await assert.rejects(driver.join(join), { message: /another interface "peer/ });
    assert.equal(host.rtnl.query(link.get({ name })).alias, undefined);
    host.rtnl.execute(link.remove({ name }));
    await driver.join(join);
    await driver.leave({ NetworkID, EndpointID });
    await driver.deleteNetwork({ NetworkID });
  });

  it("refuses addresses that are not the network's", async (t) => {
    const { host, driver, served, NetworkID, endpoint } = await scene(t);
    const before = host.remains();
    for (const address of ["8.8.8.8/24", "10.60.0.1/24", "10.60.0.7, 1.1.1.1/24", "fd00::9/64", "zzz"])
      await assert.rejects(
        endpoint(address, newId(), "02:00:00:00:00:09"),
        { code: "plugin_refused" },
        address,
      );
    const network = (Pool: string, Gateway: string) =>
      driver.createNetwork({
        NetworkID: newId(),
        Options: {},
        IPv4Data: [{ AddressSpace: "local", Pool, Gateway, AuxAddresses: {} }],
        IPv6Data: [],
      });
    for (const [pool, gateway] of [
      ["10.62.0.0/24", "8.8.8.8/32"],
      ["10.62.0.0/24", "192.0.2.1/24"],
      ["10.62.0.0/24", "10.62.0.1/8"],
      ["10.62.0.0/24", "10.62.0.1, 10.0.0.9/24"],
      ["fd00::/64", "fd00::1/64"],
      ["128.0.0.0/0", "10.62.0.1/24"],
    ] as const)
      await assert.rejects(network(pool, gateway), { code: "plugin_refused" }, `${gateway} in ${pool}`);
    assert.deepEqual(host.remains(), before);
    const a = await served.container(NetworkID, "10.60.0.2/24");
    assert.equal(await canPing(a.namespace, "10.60.0.1"), true);
    await a.remove();
    await driver.deleteNetwork({ NetworkID });
  });
});
