// Answers of a plugin that would harm the host, or that no kernel takes: each is refused, the host is as before, and the plugin is asked to take back
// what it did.

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { address, link, type Rtnl } from "@causeway/kernel";
import { linkName, pluginScene } from "../support/bridge-plugin.ts";
import { interfacesOf } from "../support/inside.ts";
import { kernelState } from "../support/kernel-state.ts";

const config = [{ subnet: "10.50.0.0/24" }];

interface Answer {
  readonly SrcName?: string;
  readonly DstPrefix?: string;
  readonly [field: string]: unknown;
}

/** A host with a link of its own, `up0`, and a plugin whose next answers to Join are `answers.join`. */
async function scene(t: TestContext) {
  const answers: { join: Answer } = { join: {} };
  const made = await pluginScene(t, {
    network: {
      join: ({ EndpointID }) => {
        const { SrcName = linkName(EndpointID), DstPrefix = "eth", ...more } = answers.join;
        return { InterfaceName: { SrcName, DstPrefix }, ...more };
      },
    },
  });
  const { rtnl } = made.host;
  const peer = { name: "up1" };
  rtnl.execute(
    link.create({ name: "up0", info: { kind: "veth", veth: { peer } } }),
    link.change({ name: "up0" }, { up: true }),
  );
  const { index } = rtnl.query(link.get({ name: "up0" }));
  rtnl.execute(address.add({ link: index, address: "192.0.2.1", prefixLength: 24 }));
  const network = await made.controller.newNetwork("mynet", "n", { ipam: { config } });
  // The plugin's own bridge takes another MAC with each of its ports.
  const state = () =>
    kernelState(made.host.namespace).filter(
      (line) => /^(link|address|route)/.test(line) && !/ pb\w{10}/.test(line),
    );
  return { ...made, rtnl, network, answers, state };
}

/** Names of the links that are up. */
function up(rtnl: Rtnl): readonly string[] {
  return rtnl
    .dump(link.list())
    .filter(link.isUp)
    .map(({ name }) => name);
}

describe("a plugin that answers Join with", () => {
  it("what the host cannot spare, or no kernel takes, is refused, and the host is as before", async (t) => {
    const { rtnl, network, controller, plugin, answers, state } = await scene(t);
    await controller.newNetwork("bridge", "other", { ipam: { config: [{ subnet: "172.30.0.0/24" }] } });
    const bridge = rtnl.dump(link.list()).find(({ name }) => name.startsWith("br-"))?.name ?? "";
    const route = { Destination: "10.9.0.0/16", RouteType: 1, NextHop: "" };
    const routes = Array.from({ length: 1001 }, (_, number) => ({
      ...route,
      Destination: `11.${number >> 8}.${number & 255}.0/24`,
    }));
    const cases: readonly (readonly [string, Answer, string, RegExp])[] = [
      ["loopback", { SrcName: "lo" }, "source_interface_in_use", /"lo".*127\.0\.0\.1/],
      ["a link of the host's own", { SrcName: "up0" }, "source_interface_in_use", /"up0".*192\.0\.2\.1/],
      ["another network's bridge", { SrcName: bridge }, "source_interface_in_use", /172\.30\.0\.1/],
      ["a name that is none", { SrcName: "a/b" }, "plugin_answer_invalid", /SrcName "a\/b"/],
      ["a name with a NUL", { SrcName: "lo\0x" }, "plugin_answer_invalid", /SrcName "lo\\u0000x"/],
      ["a prefix with a slash", { DstPrefix: "a/b" }, "plugin_answer_invalid", /DstPrefix "a\/b"/],
      ["a prefix of 300 bytes", { DstPrefix: "x".repeat(300) }, "plugin_answer_invalid", /"x{200}\.\.\."/],
      ["a prefix that the kernel fills in", { DstPrefix: "x%d" }, "plugin_answer_invalid", /"x%d"/],
      ["a gateway elsewhere", { Gateway: "8.8.8.8" }, "gateway_unreachable", /8\.8\.8\.8/],
      ["an IPv6 gateway for IPv4", { Gateway: "fd00::1" }, "plugin_answer_invalid", /no IPv4 address/],
      ["a gateway with a zone", { GatewayIPv6: "fe80::1%lo" }, "plugin_answer_invalid", /no IPv6 address/],
      ["1001 routes", { StaticRoutes: routes }, "plugin_answer_invalid", /1001 static routes/],
      [
        "a route of a length that is none",
        { StaticRoutes: [{ ...route, Destination: "10.9.0.0/016" }] },
        "plugin_answer_invalid",
        /no CIDR/,
      ],
    ];
    const before = state();
    plugin.calls();
    for (const [what, answer, code, message] of cases) {
      answers.join = answer;
      await assert.rejects(controller.attach(network, { containerId: "a" }), { code, message }, what);
      assert.deepEqual(plugin.calls(), ["createEndpoint", "join", "leave", "deleteEndpoint"], what);
      assert.deepEqual(plugin.missed, [], `${what}: the plugin's link is on the host again`);
      assert.deepEqual(state(), before, what);
    }
    assert.equal(up(rtnl).includes("lo"), true);
    answers.join = { StaticRoutes: routes.slice(0, 1000), Gateway: "10.50.0.1" };
    const { sandbox, endpoint } = await controller.attach(network, {
      containerId: "a",
      endpoint: { ipv4: "10.50.0.2" },
    });
    assert.deepEqual(interfacesOf(sandbox), ["eth0"]);
    assert.equal(endpoint.ipv4, "10.50.0.2/24", "the addresses were given back");
    rtnl.execute(link.remove({ name: "up0" }));
  });

  it("a link that has the endpoint's own address already: some plugins give it", async (t) => {
    const { rtnl, network, controller, plugin, answers } = await scene(t);
    answers.join = { Gateway: "10.50.0.1" };
    const endpoint = await network.createEndpoint("e");
    const { index } = rtnl.query(link.get({ name: linkName(endpoint.id) }));
    rtnl.execute(address.add({ link: index, address: "10.50.0.2", prefixLength: 24 }));
    const sandbox = await controller.newSandbox("a");
    await endpoint.join(sandbox);
    assert.deepEqual(interfacesOf(sandbox), ["eth0"]);
    assert.deepEqual(plugin.missed, []);
    rtnl.execute(link.remove({ name: "up0" }));
  });
});

describe("a plugin that answers CreateEndpoint with", () => {
  for (const MacAddress of ["01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"])
    it(`the MAC ${MacAddress} is refused: no interface can have it`, async (t) => {
      const { controller, plugin } = await pluginScene(t, {
        network: { createEndpoint: () => ({ Interface: { MacAddress } }) },
      });
      const network = await controller.newNetwork("mynet", "n", { ipam: { config } });
      plugin.calls();
      await assert.rejects(network.createEndpoint("e"), { code: "plugin_answer_invalid" });
      assert.deepEqual(plugin.calls(), ["createEndpoint", "deleteEndpoint"]);
      plugin.missed.length = 0;
    });
});
