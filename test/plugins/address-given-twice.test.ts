// An IPAM plugin that gives an address which somebody has: it is refused on networks of ours and of plugins, and nobody loses the address by it.

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { Network } from "@causeway/libnetwork";
import { soundIpam } from "../../packages/plugin-sdk/src/check/sound-test-support.ts";
import { pluginScene } from "../support/bridge-plugin.ts";
import { eventually } from "../support/eventually.ts";
import { interfacesOf } from "../support/inside.ts";
import { kernelState } from "../support/kernel-state.ts";
import { reaches } from "../support/scenes.ts";

const config = [{ subnet: "10.50.0.0/24" }];

/** An IPAM that gives `next` where it is not asked for a gateway, while that is something, and keeps a list of what was released. */
async function scene(t: TestContext) {
  const forgetful: { next?: string | undefined; unknown?: string; readonly released: string[] } = {
    released: [],
  };
  const sound = soundIpam({ mac: false });
  const made = await pluginScene(t, {
    ipam: {
      ...sound,
      requestAddress: (request, context) => {
        const { next } = forgetful;
        const isGateway = request.Options.RequestAddressType !== undefined;
        return next === undefined || isGateway ? sound.requestAddress(request, context) : { Address: next };
      },
      releaseAddress: (request, context) => {
        forgetful.released.push(request.Address);
        // What it did not know it had given, either.
        if (request.Address !== forgetful.unknown) return sound.releaseAddress(request, context);
      },
    },
  });
  return { ...made, forgetful };
}

for (const driver of ["bridge", "mynet"])
  describe(`an IPAM plugin of a ${driver} network that gives an address twice`, () => {
    it("is refused, to a second endpoint and where it is the gateway's, and whoever has it goes on", async (t) => {
      const { controller, host, forgetful } = await scene(t);
      const network = await controller.newNetwork(driver, "n", { ipam: { driver: "mynet", config } });
      const a = await controller.attach(network, { containerId: "a", endpointName: "first" });
      assert.equal(a.endpoint.ipv4, "10.50.0.2/24");
      const state = () =>
        kernelState(host.namespace).filter((line) => /^(link|address|route|table|set)/.test(line));
      const before = state();
      for (const [next, holder] of [
        ["10.50.0.2/24", 'endpoint "first" of network "n" has'],
        ["10.50.0.1/24", "the network's gateway has"],
      ] as const) {
        forgetful.next = next;
        const [address = ""] = next.split("/");
        await assert.rejects(controller.attach(network, { containerId: "b" }), {
          code: "address_given_twice",
          kind: "conflict",
          message: new RegExp(`^plugin mynet gave ${address}, which ${holder} already: `),
          detail: { plugin: "mynet", address },
        });
        assert.deepEqual(forgetful.released, [], "it is somebody's");
        assert.deepEqual(state(), before, next);
      }
      forgetful.next = undefined;
      const b = await controller.attach(network, { containerId: "b" });
      assert.equal(await reaches(b.sandbox, a.sandbox, "10.50.0.2"), "10.50.0.3");
      assert.deepEqual(interfacesOf(a.sandbox), ["eth0"]);
    });
  });

describe("an IPAM plugin that", () => {
  it("gives an address to several that are made at a time, spelt as it likes, and after a restart, gives it to one", async (t) => {
    const { host, forgetful } = await scene(t);
    const options = {
      ipv4: false,
      ipv6: true,
      ipam: { driver: "mynet", config: [{ subnet: "fd00:50::/64" }] },
    };
    const made = await host.controller.newNetwork("bridge", "n", options);
    const spellings = ["fd00:50::9/64", "fd00:50:0::0:9/64", "FD00:50::0009/64"];
    const ask = (network: Network, next: string, name: string) => {
      forgetful.next = next;
      return network.createEndpoint(name);
    };
    const tried = await Promise.allSettled(spellings.map((next, at) => ask(made, next, `e${at}`)));
    assert.deepEqual(tried.map(({ status }) => status).sort(), ["fulfilled", "rejected", "rejected"]);
    await host.restart();
    const network = host.controller.networkByName("n") ?? assert.fail();
    assert.deepEqual(
      network.endpoints().map(({ ipv6 }) => ipv6),
      ["fd00:50::9/64"],
    );
    for (const next of spellings)
      await assert.rejects(ask(network, next, "late"), {
        code: "address_given_twice",
        message: /^plugin mynet gave fd00:50::9, which endpoint "e\d" of network "n" has already/,
      });
    assert.deepEqual(forgetful.released, []);
    forgetful.unknown = "fd00:50::9";
  });

  it("was away when an endpoint went, and has given its address to another since, is not asked to release it", async (t) => {
    const { controller, forgetful, plugin } = await scene(t);
    const network = await controller.newNetwork("bridge", "n", { ipam: { driver: "mynet", config } });
    const first = await network.createEndpoint("first");
    await plugin.stop();
    await assert.rejects(first.delete(), { code: "plugin_unreachable" });
    await plugin.start();
    forgetful.next = "10.50.0.2/24";
    const second = await network.createEndpoint("second");
    assert.equal(second.ipv4, "10.50.0.2/24");
    await eventually(async () => assert.deepEqual((await controller.inspectHealth()).items, []));
    assert.deepEqual(forgetful.released, [], "it is the second's");
    await second.delete();
    assert.deepEqual(forgetful.released, ["10.50.0.2"]);
  });

  it("gives the gateway's address to an auxiliary one, too, has its pool back", async (t) => {
    const { controller, forgetful, plugin } = await scene(t);
    forgetful.next = "10.50.0.1/24";
    const options = {
      ipam: { driver: "mynet", config: [{ ...config[0], auxiliaryAddresses: { printer: "10.50.0.9" } }] },
    };
    plugin.calls();
    await assert.rejects(controller.newNetwork("bridge", "n", options), {
      code: "address_given_twice",
      message: /10\.50\.0\.1, which the network's gateway has already/,
    });
    const requests = ["requestPool", "requestAddress", "requestAddress"];
    assert.deepEqual(plugin.calls(), [...requests, "releaseAddress", "releasePool"]);
    assert.deepEqual(forgetful.released, ["10.50.0.1"], "the gateway's, once");
  });

  it("gives another than was asked for, or one of the other family, is told that it is free again", async (t) => {
    const { controller, forgetful, plugin } = await scene(t);
    const network = await controller.newNetwork("bridge", "n", { ipam: { driver: "mynet", config } });
    plugin.calls();
    for (const [next, ipv4, message] of [
      ["10.50.0.9/24", "10.50.0.8", /was asked for 10\.50\.0\.8, and gave 10\.50\.0\.9/],
      ["fd00::9/64", undefined, /was asked for an IPv4 address, and gave fd00::9/],
    ] as const) {
      forgetful.next = next;
      forgetful.unknown = next.replace(/\/.*/, "");
      await assert.rejects(network.createEndpoint("e", { ...(ipv4 && { ipv4 }) }), {
        code: "plugin_answer_invalid",
        message,
      });
      assert.deepEqual(plugin.calls(), ["requestAddress", "releaseAddress"]);
    }
    assert.deepEqual(forgetful.released, ["10.50.0.9", "fd00::9"]);
    assert.deepEqual(network.endpoints(), []);
  });
});
