import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { PluginClient, RemoteNetworkDriver, servePlugin } from "@causeway/plugin-sdk";
import type { EndpointSpec } from "../../contracts/driver.ts";
import { type DriverSetting, driverContract } from "../driver-contract.ts";
import { RemoteDriver } from "./driver.ts";
import { endpointOptions, ipamDataOnWire, networkOptions } from "./options.ts";

/** A plugin that remembers what there is, and joins everybody by a link of the same name. */
async function setting(t: TestContext): Promise<DriverSetting> {
  const directory = mkdtempSync(join(tmpdir(), "remote-driver-"));
  const path = join(directory, "mynet.sock");
  const there = new Set<string>();
  const server = await servePlugin(
    {
      name: "mynet",
      network: {
        createNetwork: ({ NetworkID }) => void there.add(`network ${NetworkID}`),
        deleteNetwork: ({ NetworkID }) => void there.delete(`network ${NetworkID}`),
        createEndpoint({ EndpointID }) {
          there.add(`endpoint ${EndpointID}`);
          return {};
        },
        deleteEndpoint: ({ EndpointID }) => void there.delete(`endpoint ${EndpointID}`),
        endpointOperInfo: ({ EndpointID }) => ({ Value: { endpoint: EndpointID } }),
        join({ EndpointID }) {
          there.add(`joined ${EndpointID}`);
          return { InterfaceName: { SrcName: "test0", DstPrefix: "eth" }, Gateway: "172.30.1.1" };
        },
        leave: ({ EndpointID }) => void there.delete(`joined ${EndpointID}`),
      },
    },
    { socket: path },
  );
  const client = new PluginClient(
    { name: "mynet", address: { kind: "unix", path }, source: path },
    { patience: 0 },
  );
  t.after(async () => {
    client[Symbol.dispose]();
    await server.close();
    rmSync(directory, { recursive: true });
  });
  const open = () => new RemoteDriver(new RemoteNetworkDriver(client));
  return { driver: open(), reopen: open, world: () => [...there].sort(), makeInterface: () => undefined };
}

driverContract("a driver that is a plugin", {
  open: setting,
  options: { good: { mtu: "1400" }, bad: { mtu: [1400] }, anyName: true },
});

describe("what a plugin is told", () => {
  const data = { addressSpace: "local", pool: "10.50.0.0/24", gateway: "10.50.0.1/24" };

  it("of a network: as recorded", () => {
    const spec = {
      id: "n",
      name: "n",
      internal: true,
      options: { foo: "bar", routes: 1 },
      ipv4: [{ ...data, auxiliaryAddresses: { r1: "10.50.0.9/24" } }],
      ipv6: [],
    };
    assert.deepEqual(networkOptions(spec), {
      "com.docker.network.enable_ipv6": false,
      "com.docker.network.generic": { foo: "bar", routes: "1" },
      "com.docker.network.internal": true,
    });
    assert.deepEqual(ipamDataOnWire(spec.ipv4, "0.0.0.0/0"), [
      {
        AddressSpace: "local",
        AuxAddresses: { r1: "10.50.0.9/24" },
        Gateway: "10.50.0.1/24",
        Pool: "10.50.0.0/24",
      },
    ]);
    const none = { addressSpace: "null", pool: "", gateway: undefined, auxiliaryAddresses: {} };
    assert.deepEqual(ipamDataOnWire([none], "0.0.0.0/0"), [{ AddressSpace: "null", Pool: "0.0.0.0/0" }]);
  });

  it("of an endpoint: as recorded", () => {
    const spec: EndpointSpec = {
      id: "e",
      networkId: "n",
      name: "e",
      interface: { mac: "02:11:22:33:44:55", ipv4: "10.50.0.77/24", ipv6: undefined },
      options: { "my.label": "x" },
      publish: [{ protocol: "udp", containerPort: 82, hostPort: 8082 }],
      macChosen: true,
      exposedPorts: ["80/tcp", "82/udp", "9000-9001"],
    };
    assert.deepEqual(endpointOptions(spec), {
      "my.label": "x",
      "com.docker.network.endpoint.exposedports": [
        { Proto: 17, Port: 82 },
        { Proto: 6, Port: 80 },
        { Proto: 6, Port: 9000 },
        { Proto: 6, Port: 9001 },
      ],
      "com.docker.network.portmap": [
        { Proto: 17, IP: "", Port: 82, HostIP: "", HostPort: 8082, HostPortEnd: 8082 },
      ],
      "com.docker.network.endpoint.macaddress": "AhEiM0RV",
    });
  });
});
