// What a real dockerd said to plugins, step by step, against what our controller says for the same steps. Where the two differ, the differences stand in
// the test, each with its reason.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { link, type NetNamespace, Rtnl } from "@causeway/kernel";
import type { EndpointOptions, NetworkController, NetworkOptions } from "@causeway/libnetwork";
import { parseRecording, type RecordedExchange, RecordedPlugin } from "@causeway/plugin-sdk";
import { pluginScene } from "../support/bridge-plugin.ts";
import { eventually } from "../support/eventually.ts";

const testdata = join(import.meta.dirname, "../../packages/plugin-sdk/testdata");
const recordingOf = (name: string) =>
  parseRecording(readFileSync(join(testdata, `remote-${name}.json`), "utf8"));

/** A host whose plugin says what the recorded one said. */
async function scene(t: TestContext, name: string, recording: readonly RecordedExchange[]) {
  const recorded: { plugin?: RecordedPlugin } = {};
  let host: NetNamespace | undefined;
  const { host: testHost } = await pluginScene(t, {
    name: "unused",
    beside: async (directory) => {
      const plugin = await RecordedPlugin.open(recording, {
        socket: join(directory, `${name}.sock`),
        // It depends on what else dockerd is asked.
        anytime: ["NetworkDriver.EndpointOperInfo"],
        answer: (exchange, request) => {
          makeLinks(host, exchange, request);
          return exchange.response;
        },
      });
      recorded.plugin = plugin;
      return () => plugin.close();
    },
  });
  host = testHost.namespace;
  const { plugin } = recorded;
  assert.ok(plugin !== undefined);
  /** What differed, without what always does. */
  const differences = () => [
    ...new Set(
      plugin.differences
        // Our IPAM calls its spaces local and global, Docker's LocalDefault and GlobalDefault: the name is the IPAM's to choose.
        .filter(({ what, recorded }) => !(what.endsWith(".AddressSpace") && recorded === "LocalDefault"))
        .map(
          ({ method, what, recorded, actual }) =>
            `${method} ${what}: ${JSON.stringify(recorded)}, ours ${JSON.stringify(actual)}`,
        ),
    ),
  ];
  return { host: testHost, plugin, differences };
}

/** The links that the recorded plugin had made, under the names that it answered. */
const linkOf = new Map<string, string>();
function makeLinks(
  host: NetNamespace | undefined,
  { path, response }: RecordedExchange,
  request: unknown,
): void {
  if (host === undefined) return;
  using rtnl = new Rtnl(host);
  const { EndpointID: id = "" } = (request ?? {}) as { readonly EndpointID?: string };
  if (path.endsWith(".Join")) {
    const { InterfaceName } = response as { readonly InterfaceName: { readonly SrcName: string } };
    linkOf.set(id, InterfaceName.SrcName);
    const { SrcName: name } = InterfaceName;
    const peer = { name: `p${name}` };
    rtnl.execute(
      link.create({ name, info: { kind: "veth", veth: { peer } } }),
      link.change({ name: peer.name }, { up: true }),
    );
  }
  const name = linkOf.get(id);
  if (path.endsWith(".DeleteEndpoint") && name !== undefined) rtnl.attempt([link.remove({ name })]);
}

const subnets = (...all: readonly string[]): NetworkOptions => ({
  ipam: { config: all.map((subnet) => ({ subnet })) },
});

const published: EndpointOptions = {
  publish: [
    { protocol: "udp", containerPort: 82, hostPort: 8082 },
    { containerPort: 80, hostPort: 8081 },
  ],
};

async function run(
  controller: NetworkController,
  name: string,
  containerId: string,
  endpoint: EndpointOptions = {},
) {
  const network = networkNamed(controller, name);
  return (await controller.attach(network, { containerId, endpointName: containerId, endpoint })).sandbox;
}

function networkNamed(controller: NetworkController, name: string) {
  const network = controller.networkByName(name);
  assert.ok(network !== undefined, name);
  return network;
}

const disconnect = (controller: NetworkController, network: string, endpoint: string) =>
  networkNamed(controller, network).endpointByName(endpoint)?.delete({ force: true });

const everything = { endpoints: "delete" } as const;

/** `network connect` gives an endpoint no ports of its own, and dockerd leaves both lists out then; for everybody else they are there, empty. */
const emptyPortLists = [
  "NetworkDriver.CreateEndpoint Options.com.docker.network.endpoint.exposedports: undefined, ours []",
  "NetworkDriver.CreateEndpoint Options.com.docker.network.portmap: undefined, ours []",
];

describe("our controller says what dockerd was recorded to say", () => {
  it("to a network driver", async (t) => {
    const { host, plugin, differences } = await scene(t, "mynet", recordingOf("driver-trace"));
    let { controller } = host;
    await controller.newNetwork("mynet", "rn1", {
      ipam: {
        config: [{ subnet: "10.50.0.0/24", gateway: "10.50.0.1", auxiliaryAddresses: { r1: "10.50.0.9" } }],
      },
      driverOptions: { foo: "bar", routes: "1" },
      labels: { lab: "1" },
    });
    await controller.newNetwork("mynet", "rn2", { ...subnets("10.51.0.0/24"), internal: true });
    await controller.newNetwork("mynet", "rn3", subnets("10.52.0.0/24", "fd52::/64"));
    const failing = { ...subnets("172.18.0.0/16"), driverOptions: { fail: "1" } };
    await assert.rejects(controller.newNetwork("mynet", "rnfail", failing), {
      message: "remote: mock says no",
    });
    const r1 = await run(controller, "rn1", "r1", published);
    await networkNamed(controller, "rn2").connect(r1, "r1");
    await networkNamed(controller, "rn3").connect(r1, "r1", { ...published, gatewayPriority: 1 });
    const r2 = await run(controller, "rn1", "r2", { ipv4: "10.50.0.77", mac: "02:11:22:33:44:55" });
    await disconnect(controller, "rn2", "r1");
    await disconnect(controller, "rn1", "r1");
    await r1.delete(everything);
    const again = { ...published, ipv4: "10.52.0.2", ipv6: "fd52::2" };
    await (await run(controller, "rn3", "r1", again)).delete(everything);
    const last = await run(controller, "rn3", "r1", again);
    await disconnect(controller, "rn1", "r2");
    await r2.delete();
    await last.delete(everything);
    await networkNamed(controller, "rn3").delete();
    await networkNamed(controller, "rn2").delete();
    controller = await host.restart();
    await (await run(controller, "rn1", "once", { ipv4: "10.50.0.2" })).delete(everything);
    await networkNamed(controller, "rn1").delete();
    assert.deepEqual(
      plugin.remaining.map(({ path }) => path),
      [],
    );
    assert.deepEqual(differences(), emptyPortLists);
  });

  it("to a network driver that fails", async (t) => {
    // dockerd unwinds the start of a container on two networks in an order of its own; and an interface without addresses gets no routes there.
    const recording = recordingOf("driver-trace-errorpaths").filter(
      ({ step }) => step !== "docker start r1" && !step.includes("rnull"),
    );
    const { host, plugin, differences } = await scene(t, "mynet", recording);
    const { controller } = host;
    await controller.newNetwork("mynet", "rn1", {
      ipam: {
        config: [{ subnet: "10.50.0.0/24", gateway: "10.50.0.1", auxiliaryAddresses: { r1: "10.50.0.9" } }],
      },
      driverOptions: { foo: "bar" },
    });
    const failing = { ...subnets("172.20.0.0/16"), driverOptions: { fail: "1" } };
    await assert.rejects(controller.newNetwork("mynet", "rnfail", failing), /mock says no/);
    await controller.newNetwork("mynet", "rn2", { ...subnets("10.51.0.0/24", "fd51::/64"), internal: true });
    const r1 = await run(controller, "rn1", "r1", { publish: [{ containerPort: 80, hostPort: 8081 }] });
    await assert.rejects(networkNamed(controller, "rn2").connect(r1, "r1"), { code: "invalid_route" });
    await r1.delete(everything);
    await networkNamed(controller, "rn2").delete();
    await networkNamed(controller, "rn1").delete();
    assert.deepEqual(
      plugin.remaining.map(({ path }) => path),
      [],
    );
    assert.deepEqual(differences(), emptyPortLists);
  });

  it("to an IPAM", async (t) => {
    const { host, plugin, differences } = await scene(t, "myipam", recordingOf("ipam-trace"));
    const { controller } = host;
    const driver = "myipam";
    await controller.newNetwork("bridge", "in1", { ipam: { driver } });
    const config = [
      {
        subnet: "10.78.0.0/24",
        gateway: "10.78.0.254",
        ipRange: "10.78.0.128/25",
        auxiliaryAddresses: { x: "10.78.0.200" },
      },
    ];
    await controller.newNetwork("bridge", "in2", { ipam: { driver, config, options: { color: "red" } } });
    const dual = [{ subnet: "10.79.0.0/24" }, { subnet: "fd79::/64" }];
    await controller.newNetwork("bridge", "in3", { ipam: { driver, config: dual } });
    const failing = { driver, config: [{ subnet: "10.80.0.0/24" }], options: { fail: "1" } };
    await assert.rejects(controller.newNetwork("bridge", "infail", { ipam: failing }), {
      message: "remote: mock ipam: no pool",
    });
    const i1 = await run(controller, "in1", "i1");
    const i2 = await run(controller, "in2", "i2", { ipv4: "10.78.0.150" });
    const third = await networkNamed(controller, "in3").connect(i1, "i1");
    assert.deepEqual([third.ipv4, third.ipv6], ["10.79.0.11/24", "fd79::12/64"]);
    await i2.delete(everything);
    await third.delete({ force: true });
    await i1.delete(everything);
    for (const name of ["in1", "in2", "in3"]) await networkNamed(controller, name).delete();
    assert.deepEqual(
      plugin.remaining.map(({ path }) => path),
      [],
    );
    assert.deepEqual(differences(), []);
  });

  it("to an IPAM that wants MACs, and to be told again after a restart", async (t) => {
    const { host, plugin, differences } = await scene(t, "myipammac", recordingOf("ipam-trace-mac-replay"));
    await host.controller.newNetwork("bridge", "im1", { ipam: { driver: "myipammac" } });
    // Each makes a MAC of its own where nobody gives one: here it is given.
    await (await run(host.controller, "im1", "i3", { mac: "02:42:d7:b0:94:c8" })).delete(everything);
    const controller = await host.restart();
    await eventually(() => assert.equal(plugin.remaining[0]?.step, "docker start i3"));
    await (await run(controller, "im1", "i3", { mac: "02:42:c1:27:93:1a" })).delete(everything);
    await networkNamed(controller, "im1").delete();
    assert.deepEqual(
      plugin.remaining.map(({ path }) => path),
      [],
    );
    assert.deepEqual(differences(), []);
  });
});
