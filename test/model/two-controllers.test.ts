// Two controllers on one host: each has its directories and its tables, and the networks of neither disturb the other's.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { link, NftContext } from "@causeway/kernel";
import { NetworkController, type Sandbox } from "@causeway/libnetwork";
import { namespaceOf, TestHost } from "../support/host.ts";
import { Outside } from "../support/outside.ts";
import { ask, serve } from "../support/traffic.ts";

/** What must come about may take this long, and what must not is waited for so long: milliseconds. */
const patience = { yes: 5000, no: 400 };

async function attachTo(controller: NetworkController, name: string, subnet: string, hostPort: number) {
  const network = await controller.newNetwork("bridge", name, { ipam: { config: [{ subnet }] } });
  const publish = [{ hostPort, containerPort: 7000 }];
  const { sandbox } = await controller.attach(network, { containerId: name, endpoint: { publish } });
  return sandbox;
}

const addressIn = (sandbox: Sandbox) => sandbox.endpoints()[0]?.ipv4?.split("/")[0] ?? "";

test("two controllers on one host", async (t) => {
  const host = await TestHost.create(t);
  using outside = new Outside(host);
  // The first turns forwarding on, and drops what is forwarded between interfaces that are nobody's.
  const first = await attachTo(host.controller, "first", "172.30.1.0/24", 8081);
  await using other = await NetworkController.open({
    ...host.options,
    stateDir: join(host.directory, "other-state"),
    runDir: join(host.directory, "other-run"),
    firewallTable: "other",
  });
  const second = await attachTo(other, "second", "172.30.2.0/24", 8082);
  outside.routeTo("172.30.0.0/16");
  using inFirst = namespaceOf(first);
  using inSecond = namespaceOf(second);
  const places = { first: inFirst, second: inSecond, outside: outside.namespace };
  await using _servers = new AsyncDisposableStack();
  for (const namespace of Object.values(places)) _servers.use(await serve(namespace, { port: 7000 }));
  _servers.use(await serve(host.namespace, { port: 9003 }));

  type Place = keyof typeof places;
  const rows: readonly [Place, string, number, boolean, string][] = [
    ["first", outside.ipv4, 7000, true, "the way out of the first"],
    ["second", outside.ipv4, 7000, true, "the way out of the second"],
    ["outside", outside.hostIpv4, 8081, true, "what the first publishes"],
    ["outside", outside.hostIpv4, 8082, true, "what the second publishes"],
    ["first", outside.hostIpv4, 8082, true, "what the second publishes, from the first"],
    ["second", outside.hostIpv4, 8081, true, "what the first publishes, from the second"],
    ["first", "172.30.1.1", 9003, true, "its own gateway, from the first"],
    ["first", "172.30.2.1", 9003, false, "the second's gateway, from the first"],
    ["second", "172.30.1.1", 9003, false, "the first's gateway, from the second"],
    ["first", addressIn(second), 7000, false, "an endpoint of the second, from the first"],
    ["second", addressIn(first), 7000, false, "an endpoint of the first, from the second"],
    ["outside", addressIn(first), 7000, false, "an endpoint of the first, from outside"],
    ["outside", addressIn(second), 7000, false, "an endpoint of the second, from outside"],
  ];
  for (const [from, address, port, wanted, title] of rows) {
    await t.test(`${wanted ? "reached" : "not reached"}: ${title}`, async () => {
      const timeout = wanted ? patience.yes : patience.no;
      assert.equal((await ask(places[from], { address, port, timeout })) !== undefined, wanted);
    });
  }

  await t.test("not reached: the way out of a bridge that is not known for a controller's", async () => {
    for (const bridge of host.rtnl.findLinks({ kind: "bridge" })) {
      if (!bridge.alias?.includes(first.endpoints()[0]?.network.id ?? "?")) {
        host.rtnl.execute(link.change({ index: bridge.index }, { group: 0 }));
      }
    }
    using nft = new NftContext(host.namespace);
    assert.match(nft.run("list chain inet causeway foreign"), /drop/);
    const question = { address: outside.ipv4, port: 7000, timeout: patience.no };
    assert.equal(await ask(inSecond, question), undefined);
  });

  await other.sandboxDestroy("second");
  await other.networkByName("second")?.delete();
  await other.uninstall();
});
