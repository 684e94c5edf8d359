// Every call of an overlay network's first join fails once, and the process is killed at every one: nothing is left, and the next join is as the first.

import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { link, setGuard } from "@causeway/kernel";
import { plausibleFaults } from "../chaos/faults.ts";
import { eventually } from "../support/eventually.ts";
import { checkLeaks, leftovers } from "../support/leak-check.ts";
import { OverlayCluster, usual } from "../support/overlay-cluster.ts";
import type { OverlayHost } from "../support/overlay-host.ts";
import { canPing } from "../support/traffic.ts";
import type { KilledJoin } from "./killed-join.ts";

/** What is left of a network on a host. */
function remains(host: OverlayHost): readonly string[] {
  const namespaces = readdirSync(join(host.runDir, "netns"));
  const links = host.rtnl.dump(link.list()).map(({ name }) => name);
  return [...namespaces, ...links.filter((name) => name !== "lo" && name !== "eth0")];
}

/** What became of letting one call fail in one way. */
type Outcome = "struck" | "no such way" | "no such call";

async function failing(call: number, way: number, action: () => Promise<unknown>): Promise<Outcome> {
  let calls = 0;
  let outcome: Outcome = "no such call";
  setGuard({
    before({ kind, operation }) {
      if (++calls !== call) return undefined;
      const fault = plausibleFaults(`${kind} ${operation}`)[way];
      outcome = fault === undefined ? "no such way" : "struck";
      return fault;
    },
    after: () => undefined,
  });
  try {
    await action();
  } catch (error) {
    assert.equal(outcome, "struck", String(error));
  } finally {
    setGuard(undefined);
  }
  return outcome;
}

describe("an overlay network's first join", () => {
  checkLeaks();

  it("leaves nothing where any of its calls fails in any way", async () => {
    await using cluster = new OverlayCluster();
    const network = await cluster.newNetwork();
    await cluster.join(cluster.host(2), network, usual(3));
    const host = cluster.host(1);
    const spec = cluster.endpointSpec(network, usual(2));
    // The reaper's thread starts with the first.
    cluster.leave(await cluster.join(host, network, usual(2)));
    await host.reaper.drain();
    // The other host's socket for announcements is closed when it has been idle for a second.
    await sleep(2000);
    const open = leftovers();
    let struck = 0;
    for (let call = 1, way = 0; ; way++) {
      host.driver.createEndpoint(spec);
      const outcome = await failing(call, way, async () => host.driver.join(network.spec.id, spec.id));
      // What the model does with a join that failed.
      host.driver.leave(network.spec.id, spec.id);
      await host.reaper.drain();
      assert.deepEqual(remains(host), [], `call ${call}, way ${way}`);
      assert.deepEqual(leftovers(), open, `call ${call}, way ${way}`);
      if (outcome === "no such call") break;
      if (outcome === "struck") struck++;
      else [call, way] = [call + 1, -1];
    }
    assert.ok(struck > 50, `${struck} faults`);
    const a = await cluster.join(host, network, usual(2));
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
  });

  it("leaves nothing, or all of it to be taken up or swept, where the process is killed at any call", async () => {
    await using cluster = new OverlayCluster();
    const network = await cluster.newNetwork();
    await cluster.join(cluster.host(2), network, usual(3));
    const host = cluster.host(1);
    let killed = true;
    for (let number = 1; killed; number += 8) {
      const spec = cluster.endpointSpec(network, usual(2));
      const order: KilledJoin = {
        ...host.place,
        network,
        spec,
        number,
        sandboxId: randomBytes(32).toString("hex"),
      };
      killed = await runKilled(order);
      await host.driver.close();
      host.driver = host.openDriver();
      // Neither the endpoint nor the sandbox was stored.
      host.driver.restoreNetwork(network.spec, network.state);
      host.driver.restored();
      const { links, namespaces } = host.netstack.marked();
      host.netstack.sweep({ links, namespaces: namespaces.filter(({ of }) => of === "sandbox") });
      await host.reaper.drain();
      assert.deepEqual(remains(host), [], `killed at call ${number}`);
    }
    const a = await cluster.join(host, network, usual(2));
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
  });

  it("goes on where its process is killed afterwards", async () => {
    await using cluster = new OverlayCluster();
    const network = await cluster.newNetwork();
    const b = await cluster.join(cluster.host(2), network, usual(3));
    const host = cluster.host(1);
    const spec = cluster.endpointSpec(network, usual(2));
    const order: KilledJoin = {
      ...host.place,
      network,
      spec,
      number: Number.MAX_SAFE_INTEGER,
      sandboxId: randomBytes(32).toString("hex"),
      peers: [b.peer],
    };
    assert.equal(await runKilled(order), false);
    b.host.driver.putPeer(cluster.peerOf(host, spec));
    assert.ok(await canPing(b.namespace, "10.7.0.2"));
    await host.driver.close();
    host.driver = host.openDriver();
    host.driver.restoreNetwork(network.spec, network.state);
    await host.driver.restoreEndpoint(spec, { bindings: [] }, true);
    host.driver.restored();
    host.driver.settlePeers(network.spec.id, [b.peer]);
    assert.deepEqual(host.driver.health.inspectNetwork(network.spec.id), []);
    assert.deepEqual(host.driver.health.inspectEndpoint(network.spec.id, spec.id), []);
    assert.ok(await canPing(b.namespace, "fd00:7::2"));
    host.driver.leave(network.spec.id, spec.id);
    host.netstack.sweep(host.netstack.marked());
    await eventually(() => assert.ok(!existsSync(host.pathOf(network.spec.id))));
  });
});

/** Answers whether it was killed in the middle. */
async function runKilled(order: KilledJoin): Promise<boolean> {
  const child = fork(join(import.meta.dirname, "killed-join.ts"), [JSON.stringify(order)], {
    stdio: "inherit",
  });
  let done = false;
  child.on("message", () => {
    done = true;
    child.kill("SIGKILL");
  });
  const [, signal] = await once(child, "close");
  assert.equal(signal, "SIGKILL");
  return !done;
}
