// The host ports of an endpoint on the gateway bridge, before a publisher that is a list.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EndpointState, PortBinding, PortMapping } from "../../contracts/driver.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import { UndoStack } from "../undo.ts";
import { givePorts } from "./gateway-ports.ts";

const binding = (containerPort: number, hostPort: number): PortBinding => ({
  protocol: "tcp",
  containerPort,
  hostAddress: "0.0.0.0",
  hostPort,
  containerAddress: "10.1.0.2",
});
const wish = (containerPort: number, more: Partial<PortMapping> = {}): PortMapping => ({
  protocol: "tcp",
  containerPort,
  ...more,
});

/** Takes the first free port of a wish; any free one is from 49152 on. */
function scene(publish: readonly PortMapping[], bindings: readonly PortBinding[], more: object = {}) {
  let held = [...bindings];
  let fails = false;
  const state = (): EndpointState => ({ bindings: held });
  const engine = {
    publisher: () => ({
      async publish(_network: string, _id: string, mappings: readonly PortMapping[]) {
        if (fails) throw new Error("no port");
        for (const { containerPort, hostPort: first } of mappings) {
          let hostPort = first ?? 49152;
          while (held.some((one) => one.hostPort === hostPort)) hostPort++;
          held = [...held, binding(containerPort, hostPort)];
        }
        return state();
      },
      async unpublish(_network: string, _id: string, going: readonly PortBinding[]) {
        held = held.filter((one) => !going.some(({ hostPort }) => hostPort === one.hostPort));
        return state();
      },
    }),
  };
  const record = { options: { publish }, state: state(), ...more };
  const endpoint = { engine, id: "e", network: { id: "n", record: { driver: "bridge" } }, record };
  return {
    endpoint: endpoint as unknown as EndpointCore,
    before: record,
    ports: () => held.map(({ hostPort }) => hostPort).toSorted(),
    failFromNowOn: () => {
      fails = true;
    },
  };
}

describe("ports of the endpoint on the gateway bridge", () => {
  it("become those that are wanted, and those before when it is undone: the very same host ports", async () => {
    const kept = wish(80, { hostPort: 8080 });
    const { endpoint, before, ports } = scene(
      [kept, wish(81), wish(82, { hostPort: 8200, hostPortEnd: 8299 })],
      [binding(80, 8080), binding(81, 50123), binding(82, 8277)],
    );
    const undo = new UndoStack();
    const wanted = [kept, wish(83, { hostPort: 8083 })];
    assert.equal(await givePorts(endpoint, wanted, undo), true);
    assert.deepEqual(ports(), [8080, 8083]);
    assert.deepEqual(endpoint.record.options.publish, wanted);
    assert.deepEqual(
      endpoint.record.state.bindings.map(({ hostPort }) => hostPort),
      [8080, 8083],
    );
    await undo.unwind(undefined);
    assert.deepEqual(ports(), [50123, 8080, 8277]);
    assert.equal(endpoint.record, before);
    assert.equal(await givePorts(endpoint, before.options.publish, undo), false, "nothing is to be done");
  });

  it("are those before where one of the new ones cannot be had", async () => {
    const { endpoint, before, failFromNowOn, ports } = scene(
      [wish(80, { hostPort: 8080 })],
      [binding(80, 8080)],
    );
    failFromNowOn();
    const undo = new UndoStack();
    const wanted = [wish(80, { hostPort: 8080 }), wish(81, { hostPort: 8081 })];
    await assert.rejects(givePorts(endpoint, wanted, undo), { message: "no port" });
    await undo.unwind(undefined);
    assert.deepEqual(ports(), [8080]);
    assert.equal(endpoint.record, before);
  });

  it("stay where another wish keeps them", async () => {
    const exact = wish(80, { hostPort: 8080 });
    const { endpoint, ports } = scene(
      [exact, wish(80, { hostPort: 8080, hostPortEnd: 8089 })],
      [binding(80, 8080), binding(80, 8081)],
    );
    await givePorts(endpoint, [exact], new UndoStack());
    assert.deepEqual(ports(), [8080]);
  });

  it("that somebody else has are given up with the wish for them", async () => {
    const [first, second] = [wish(80, { hostPort: 8080 }), wish(81, { hostPort: 8081 })];
    const withheld = [binding(80, 8080), binding(81, 8081)];
    const { endpoint } = scene([first, second], [], { withheld });
    await givePorts(endpoint, [second], new UndoStack());
    assert.deepEqual(endpoint.record.withheld, [binding(81, 8081)]);
    await givePorts(endpoint, [], new UndoStack());
    assert.equal("withheld" in endpoint.record, false);
  });
});
