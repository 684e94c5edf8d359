// A reboot: the kernel and the run directory have forgotten everything, the store has not.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { link, NetNamespace, Rtnl, unbindNamespace } from "@causeway/kernel";
import { NetworkController } from "@causeway/libnetwork";
import { namespaceOf, TestHost } from "../support/host.ts";
import { leftovers } from "../support/leak-check.ts";
import { assertTalking, dualStack } from "../support/scenes.ts";
import { ask, serve } from "../support/traffic.ts";

/** Another kernel for the host's store: a fresh namespace, and a run directory in which there is nothing. */
function boot({ directory, options }: TestHost) {
  for (const line of leftovers(options.runDir)) {
    const [, path] = /^mount (.*)/.exec(line) ?? [];
    if (path !== undefined) unbindNamespace(path);
  }
  rmSync(options.runDir, { recursive: true });
  const namespace = NetNamespace.create();
  const hostNamespace = join(directory, "host-after-boot");
  namespace.bindAt(hostNamespace);
  using rtnl = new Rtnl(namespace);
  rtnl.execute(link.change({ name: "lo" }, { up: true }));
  return {
    namespace,
    options: { ...options, hostNamespace },
    [Symbol.dispose]() {
      namespace[Symbol.dispose]();
      unbindNamespace(hostNamespace);
    },
  };
}

test("networks are made again and usable at once; sandboxes are lost, and their containers are attached anew", async (t) => {
  const host = await TestHost.create(t);
  const before = await dualStack(host, "n", 1);
  const publish = [{ hostPort: 8080, containerPort: 80 }];
  const made = await host.controller.attach(before, { containerId: "web", endpoint: { publish } });
  await host.controller.newSandbox("side", { shareWith: "web" });
  await host.controller.attach(before, { containerId: "db" });
  const { ipv4, ipv6 } = made.endpoint;
  await host.stop();

  using machine = boot(host);
  await using controller = await NetworkController.open(machine.options);
  const lost = controller.sandboxes().map((sandbox) => [sandbox.containerId, sandbox.lost]);
  assert.deepEqual(
    lost,
    ["web", "db", "side"].map((name) => [name, true]),
  );
  assert.deepEqual(
    controller.problems.map(({ kind, name }) => `${kind} ${name}`),
    ["sandbox web", "sandbox db", "sandbox side"],
  );
  const network = controller.networkByName("n") ?? assert.fail();
  const fresh = await controller.attach(network, { containerId: "fresh" });
  await using onGateway = await serve(machine.namespace, { port: 7000 });
  using inFresh = namespaceOf(fresh.sandbox);
  assert.ok(await ask(inFresh, { address: "172.30.1.1", port: onGateway.port }), "the gateway answers");

  // With the endpoint that it had: the same addresses and ports.
  const endpoint = network.endpointByName("web") ?? assert.fail();
  for (const containerId of ["side", "web"]) await controller.sandboxByContainerId(containerId)?.delete();
  const again = await controller.newSandbox("web");
  await endpoint.join(again);
  assert.deepEqual([endpoint.ipv4, endpoint.ipv6], [ipv4, ipv6]);
  await assertTalking(again, fresh.sandbox);
  using inside = namespaceOf(again);
  await using _server = await serve(inside, { port: 80 });
  assert.ok(await ask(machine.namespace, { address: "127.0.0.1", port: 8080 }), "it is published");
  // Or from scratch.
  await controller.sandboxDestroy("db");
  await controller.attach(network, { containerId: "db" });

  for (const sandbox of controller.sandboxes()) await sandbox.delete({ endpoints: "delete" });
  await network.delete();
  await controller.uninstall();
});
