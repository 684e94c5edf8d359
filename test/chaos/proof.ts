// Packets through whatever a host holds: who shares a network talks, who does not does not, and published ports lead in.

import assert from "node:assert/strict";
import type { Endpoint } from "@causeway/libnetwork";
import { namespaceOf, type TestHost } from "../support/host.ts";
import { ask, serve } from "../support/traffic.ts";

const everywhere = "0.0.0.0";
const port = 80;
/** For what must not get through, milliseconds. */
const shortWait = 60;

const addressOf = ({ ipv4 }: Endpoint) => ipv4?.split("/")[0] ?? "";

export async function provePackets(host: TestHost): Promise<void> {
  const members = host.controller
    .networks()
    .filter(({ type }) => type === "bridge")
    .map((network) => network.endpoints().filter(({ sandbox }) => sandbox !== undefined));
  for (const [target, ...others] of members) {
    if (target?.sandbox === undefined) continue;
    using inside = namespaceOf(target.sandbox);
    await using _server = await serve(inside, { address: everywhere, port });
    for (const { sandbox, name } of others) {
      if (sandbox === undefined || sandbox.netnsPath === target.sandbox.netnsPath) continue;
      using from = namespaceOf(sandbox);
      assert.notEqual(
        await ask(from, { address: addressOf(target), port }),
        undefined,
        `${name} does not reach ${target.name}`,
      );
    }
    const strangers = host.controller
      .sandboxes()
      .filter(
        (sandbox) =>
          !sandbox.usesHostNetwork &&
          sandbox.endpoints().length > 0 &&
          !sandbox.endpoints().some(({ network }) => network === target.network),
      );
    for (const stranger of strangers) {
      using from = namespaceOf(stranger);
      const answer = await ask(from, { address: addressOf(target), port, timeout: shortWait });
      assert.equal(answer, undefined, `${stranger.containerId} reaches ${target.name} of another network`);
    }
    for (const { hostPort, hostAddress, containerPort, protocol } of target.bindings) {
      if (hostAddress !== everywhere || containerPort !== port || protocol !== "tcp") continue;
      const answer = await ask(host.namespace, { address: "127.0.0.1", port: hostPort });
      assert.notEqual(answer, undefined, `port ${hostPort} does not lead to ${target.name}`);
    }
  }
}
