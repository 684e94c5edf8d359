// Published ports of a container whose networks change while it runs.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { TestDaemon } from "../support/daemon.ts";
import { namespaceOf } from "../support/host.ts";
import { canConnect, serve } from "../support/traffic.ts";

/** A container that publishes its port 80 as 8080 of the host, in a network of four. */
async function published(t: TestContext, network: "red" | "inner") {
  const daemon = await TestDaemon.start(t);
  for (const name of ["red", "green", "blue", "inner"]) {
    const made = await daemon.ask("POST", "/cnm/v1/networks", { name, internal: name === "inner" });
    assert.equal(made.status, 201, made.text);
  }
  const made = await daemon.ask("POST", "/cnm/v1/containers", {
    kind: "process",
    name: "c",
    command: ["true"],
    publish: network === "inner" ? [] : [{ containerPort: 80, hostPort: 8080 }],
    networks: [{ network }],
  });
  assert.equal(made.status, 201, made.text);
  const [sandbox = assert.fail()] = daemon.daemon.controller.sandboxes();
  return {
    daemon,
    sandbox,
    async change(what: "connect" | "disconnect", of: string, status = 200) {
      const answer = await daemon.ask("POST", `/networks/${of}/${what}`, { Container: "c" });
      assert.equal(answer.status, status, answer.text);
    },
    answers: () => canConnect(daemon.host.namespace, "127.0.0.1", 8080),
    publishing: () =>
      sandbox
        .endpoints()
        .filter(({ bindings }) => bindings.length > 0)
        .map((endpoint) => endpoint.network.name),
  };
}

test("ports come back with the network that they were published by, or with another, and once only", async (t) => {
  const { sandbox, change, answers, publishing } = await published(t, "red");
  using inside = namespaceOf(sandbox);
  await using _server = await serve(inside, { port: 80 });
  assert.equal(await answers(), true);
  await change("disconnect", "red");
  assert.equal(await answers(), false);
  await change("connect", "red");
  assert.deepEqual([await answers(), publishing()], [true, ["red"]]);
  await change("connect", "blue");
  assert.deepEqual([await answers(), publishing()], [true, ["red"]], "one publishes");
  await change("disconnect", "red");
  assert.deepEqual([await answers(), publishing()], [true, ["blue"]], "the way out does now");
  await change("connect", "inner");
  await change("disconnect", "blue");
  assert.deepEqual([await answers(), publishing()], [false, []], "nobody gets in by an internal network");
  await change("disconnect", "inner");
  await change("connect", "inner");
  assert.deepEqual(publishing(), [], "nor is it asked to");
  await change("connect", "red");
  assert.deepEqual([await answers(), publishing()], [true, ["red"]]);
});

test("ports are published by the way out, and by no internal network where there is none", async (t) => {
  const { sandbox, change, answers, publishing } = await published(t, "red");
  using inside = namespaceOf(sandbox);
  await using _server = await serve(inside, { port: 80 });
  for (const name of ["inner", "green", "blue"]) await change("connect", name);
  await change("disconnect", "red");
  assert.equal(sandbox.gateway(4)?.network.name, "blue");
  assert.deepEqual([await answers(), publishing()], [true, ["blue"]]);
  await change("disconnect", "green");
  await change("disconnect", "blue");
  assert.deepEqual(
    sandbox.endpoints().map(({ network, record }) => [network.name, record.options.publish]),
    [["inner", []]],
  );
  await change("connect", "green");
  assert.deepEqual([await answers(), publishing()], [true, ["green"]]);
});

test("ports that somebody else has taken meanwhile refuse a connection, and do not stand in the way of leaving", async (t) => {
  const { daemon, sandbox, change, publishing } = await published(t, "red");
  await change("disconnect", "red");
  const blue = daemon.daemon.controller.networkByName("blue") ?? assert.fail();
  const taker = await blue.createEndpoint("taker", { publish: [{ containerPort: 80, hostPort: 8080 }] });
  await change("connect", "red", 409);
  assert.deepEqual(sandbox.endpoints(), []);
  await taker.delete();
  await change("connect", "red");
  await change("connect", "blue");
  const [inRed] = sandbox.endpoints();
  await inRed?.unpublish([{ containerPort: 80 }]);
  await blue.createEndpoint("taker", { publish: [{ containerPort: 80, hostPort: 8080 }] });
  await change("disconnect", "red");
  assert.deepEqual(publishing(), []);
});

test("a label that says no ports publishes none", async (t) => {
  const { daemon } = await published(t, "inner");
  const { controller } = daemon.daemon;
  for (const [at, text] of ["[", "{}", '"80"', "null"].entries()) {
    const sandbox = await controller.newSandbox(`s${at}`, { labels: { "causeway.container.publish": text } });
    const { status, text: said } = await daemon.ask("POST", "/networks/blue/connect", {
      Container: `s${at}`,
    });
    assert.equal(status, 200, said);
    assert.deepEqual(
      sandbox.endpoints().flatMap(({ bindings }) => bindings),
      [],
    );
  }
});
