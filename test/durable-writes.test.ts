// How many durable writes each operation costs: the table "What is written when" of ARCHITECTURE.md.

import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { NetNamespace } from "@causeway/kernel";
import { TestHost } from "./support/host.ts";
import { ipv4Only } from "./support/scenes.ts";

/** Every transaction that changes something makes it one more. */
function revisionOf(host: TestHost): number {
  using database = new DatabaseSync(join(host.options.stateDir, "causeway.db"), { readOnly: true });
  return Number(database.prepare("SELECT revision FROM store").get()?.revision);
}

test("each operation costs the durable writes that the table says", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const costs = async <T>(what: string, writes: number, operation: () => Promise<T>): Promise<T> => {
    const before = revisionOf(host);
    const answer = await operation();
    assert.equal(revisionOf(host) - before, writes, what);
    return answer;
  };
  await costs("the first network, which turns forwarding on", 2, () => ipv4Only(host, "first", 1));
  const network = await costs("newNetwork", 1, () => ipv4Only(host, "n", 2));
  const endpoint = await costs("createEndpoint", 1, () => network.createEndpoint("e"));
  const sandbox = await costs("newSandbox", 1, () => controller.newSandbox("c"));
  await costs("join", 1, () => endpoint.join(sandbox));
  await costs("publish", 1, () => endpoint.publish([{ containerPort: 80, hostPort: 8080 }]));
  await costs("unpublish", 1, () => endpoint.unpublish([{ containerPort: 80 }]));
  await costs("rename", 1, () => sandbox.rename("d"));
  await costs("endpoint.updateNames", 1, () => endpoint.updateNames({ aliases: ["www"] }));
  await costs("network.addRecords", 1, () =>
    network.addRecords([{ name: "db", type: "A", address: "192.0.2.1" }]),
  );
  await costs("network.removeRecords", 1, () => network.removeRecords([{ name: "db" }]));
  const service = await costs("createService", 1, () => network.createService("web"));
  const member = await network.createEndpoint("m", { service: { name: "web" } });
  await costs("endpoint.setHealthy", 1, () => member.setHealthy(false));
  await costs("endpoint.setHealthy again", 0, () => member.setHealthy(false));
  await member.delete();
  await costs("service.delete", 1, () => service.delete());
  await costs("sandbox.setExtraHosts", 1, () =>
    sandbox.setExtraHosts([{ name: "gate", address: "192.0.2.1" }]),
  );
  await costs("sandbox.disableService", 1, () => sandbox.disableService());
  await costs("sandbox.disableService again", 0, () => sandbox.disableService());
  await costs("refresh, with one endpoint", 2, () => sandbox.refresh());
  await costs("leave", 1, () => endpoint.leave(sandbox));
  await costs("endpoint.delete", 1, () => endpoint.delete());
  await costs("sandbox.delete", 1, () => sandbox.delete());

  const attached = await costs("attach", 1, () => controller.attach(network, { containerId: "a" }));
  const more = await costs("a second endpoint", 1, () => network.createEndpoint("more"));
  await costs("its join", 1, () => more.join(attached.sandbox));
  const third = await costs("a third network", 1, () => ipv4Only(host, "third", 3));
  const connected = await costs("connect", 1, () => third.connect(attached.sandbox, "third"));
  await costs("endpoint.delete by force", 1, () => connected.delete({ force: true }));
  await costs("sandbox.delete with its endpoints", 1, () => attached.sandbox.delete({ endpoints: "delete" }));
  const later = await costs("newSandbox, externalKey", 1, () =>
    controller.newSandbox("later", { externalKey: true }),
  );
  using namespace = NetNamespace.create();
  const path = join(host.directory, "key");
  namespace.bindAt(path);
  await costs("setKey", 1, () => later.setKey(path));
  await costs("sandbox.delete", 1, () => later.delete());
  await costs("network.delete", 1, () => network.delete());
  await costs("what reads", 0, () => controller.topology());
  await costs("what is refused", 0, () => assert.rejects(controller.newNetwork("bridge", "first")));
});
