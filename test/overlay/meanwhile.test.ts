// What is asked of a sandbox while it is being attached: it waits, and meets what has become of it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Endpoint, Network, Sandbox } from "@causeway/libnetwork";
import { storeUnavailable } from "../../packages/libnetwork/src/store/failures.ts";
import { type ClusterHost, ClusterHosts } from "../support/cluster-hosts.ts";
import { eventually } from "../support/eventually.ts";
import { checkLeaks } from "../support/leak-check.ts";

/** Begins to attach one, and comes to where the others are told; there it stays until it is let go on, or fails. */
async function beginAttach(host: ClusterHost) {
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const network = await host.network("web");
  const before = host.onCall;
  host.onCall = async (method, call) => {
    const isJoined = host.controller.sandboxes().some((sandbox) => sandbox.endpoints().length > 0);
    if (method !== "commit" || !isJoined) return call();
    reached.resolve();
    await gate.promise;
    return call();
  };
  const attaching = host.controller.attach(network, { containerId: "a" });
  attaching.catch(() => undefined);
  await reached.promise;
  host.onCall = before;
  const [sandbox] = host.controller.sandboxes();
  const [endpoint] = sandbox?.endpoints() ?? [];
  assert.ok(sandbox !== undefined && endpoint !== undefined);
  return { attaching, sandbox, endpoint, gate };
}

interface Asked {
  readonly sandbox: Sandbox;
  /** It, in the network that it is being attached to. */
  readonly endpoint: Endpoint;
  /** Of this host alone, with an endpoint that is in no sandbox. */
  readonly local: Network;
  readonly apart: Endpoint;
}

const requests: Readonly<Record<string, (asked: Asked) => Promise<unknown>>> = {
  renamed: ({ sandbox }) => sandbox.rename("b"),
  "given other hosts": ({ sandbox }) => sandbox.setExtraHosts([{ name: "x", address: "192.0.2.9" }]),
  hidden: ({ sandbox }) => sandbox.disableService(),
  "made anew": ({ sandbox }) => sandbox.refresh(),
  connected: ({ sandbox, local }) => local.connect(sandbox, "more"),
  joined: ({ sandbox, apart }) => apart.join(sandbox),
  left: ({ sandbox, endpoint }) => endpoint.leave(sandbox),
  "given names": ({ endpoint }) => endpoint.updateNames({ aliases: ["x"] }),
};

describe("a sandbox that is being attached, and meanwhile", () => {
  checkLeaks();

  for (const [what, request] of Object.entries(requests))
    it(`is ${what}: leaves nothing where the attach fails, and is so where it does not`, async () => {
      await using cluster = await ClusterHosts.create(1);
      const host = cluster.host(1);
      await host.controller.newNetwork("overlay", "web");
      const local = await host.controller.newNetwork("bridge", "local");
      const apart = await local.createEndpoint("apart");
      const failing = await beginAttach(host);
      const refused = assert.rejects(request({ ...failing, local, apart }), {
        code: /^(sandbox|endpoint)_deleted$/,
      });
      failing.gate.reject(storeUnavailable("for the test"));
      await assert.rejects(failing.attaching, { code: "store_unavailable" });
      await refused;
      assert.deepEqual(local.endpoints(), [apart]);
      const going = await beginAttach(host);
      const done = request({ ...going, local, apart });
      going.gate.resolve();
      await going.attaching;
      await done;
      const [{ id, containerId } = assert.fail()] = host.controller.sandboxes();
      const joined = () =>
        host.controller
          .sandboxes()
          .flatMap((sandbox) => sandbox.endpoints().map(({ name }) => name))
          .sort();
      const before = joined();
      await host.stop();
      await host.start();
      assert.deepEqual(host.controller.problems, []);
      assert.deepEqual(
        host.controller.sandboxes().map((one) => [one.id, one.containerId]),
        [[id, containerId]],
      );
      assert.deepEqual(joined(), before);
      await eventually(async () => assert.deepEqual((await host.controller.inspectHealth()).items, []));
      await cluster.clear();
    });
});
