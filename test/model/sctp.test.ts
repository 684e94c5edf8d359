// Published SCTP ports, with packets. Only kernels that have SCTP sockets show it: test/older-kernel.peers.test.ts has one.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sandbox } from "@causeway/libnetwork";
import { namespaceOf, TestHost } from "../support/host.ts";
import { Outside } from "../support/outside.ts";
import { dualStack } from "../support/scenes.ts";
import { askBySctp, needsSctp, SctpClient, type SctpQuestion, SctpServer } from "../support/sctp.ts";

const hostPort = 5000;
const containerPort = 5001;
const published = { protocol: "sctp", hostPort, containerPort } as const;
/** From the host's own kernel, which has SCTP and no server. */
const refused = "ECONNREFUSED";

async function askFrom(sandbox: Sandbox, question: SctpQuestion): Promise<string> {
  using namespace = namespaceOf(sandbox);
  return await askBySctp(namespace, question);
}

for (const family of [4, 6] as const) {
  const subnet = (number: number) => (family === 4 ? `172.30.${number}` : `fd00:${number}:`);
  const hostOf = (number: number, host: number) => `${subnet(number)}${family === 4 ? "." : ":"}${host}`;

  test(`a published SCTP port is reached, over IPv${family}, until it is published no more`, {
    skip: needsSctp(),
  }, async (t) => {
    const host = await TestHost.create(t);
    using outside = new Outside(host);
    const [us, them] = family === 4 ? [outside.hostIpv4, outside.ipv4] : [outside.hostIpv6, outside.ipv6];
    const network = await dualStack(host, "n", 1);
    outside.routeTo(family === 4 ? "172.30.1.0/24" : "fd00:1::/64");
    const sandbox = await host.controller.newSandbox("c");
    const endpoint = await network.createEndpoint("e", { publish: [published] });
    await endpoint.join(sandbox);
    using inside = namespaceOf(sandbox);
    await using server = await SctpServer.start(inside, family === 4 ? "0.0.0.0" : "::", containerPort);
    const ask = (address: string, port: number) => askBySctp(outside.namespace, { address, port });

    await using lasting = await SctpClient.start(outside.namespace, { address: us, port: hostPort });
    assert.equal(await lasting.ask(), them);
    assert.equal(await server.next(), them);

    // What is not published: a port of the host, and the endpoint's own address by those who route to it.
    assert.equal(await ask(us, containerPort), refused);
    const own = { address: hostOf(1, 2), port: containerPort };
    await using direct = await SctpClient.start(outside.namespace, own);
    assert.equal(await askBySctp(host.namespace, { ...own, source: hostOf(1, 1) }), hostOf(1, 1));
    assert.equal(await server.next(), hostOf(1, 1), "the host comes later, and is the next that is let in");

    // From everywhere else that docs/guide/ports.md names.
    const { sandbox: other } = await host.controller.attach(await dualStack(host, "other", 2));
    assert.equal(await askFrom(other, { address: hostOf(2, 1), port: hostPort }), hostOf(1, 1));
    assert.equal(await askFrom(sandbox, { address: us, port: hostPort }), hostOf(1, 1), "hairpin");
    if (family === 4) {
      const loopback = { address: "127.0.0.1", port: hostPort, source: "127.0.0.1" };
      assert.equal(await askBySctp(host.namespace, loopback), hostOf(1, 1));
    }

    assert.equal(await lasting.ask(), them, "still there");
    await endpoint.unpublish([published]);
    assert.notEqual(await lasting.ask(), them);
    assert.equal(await ask(us, hostPort), refused);
    await endpoint.publish([published]);
    assert.equal(await ask(us, hostPort), them);
    assert.equal(await Promise.race([direct.outcome, "waiting"]), "waiting");
  });
}
