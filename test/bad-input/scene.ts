// What stands on the host that bad input is given to.

import assert from "node:assert/strict";
import type { Endpoint, Network, NetworkController, NetworkOptions, Sandbox } from "@causeway/libnetwork";
import { eventually } from "../support/eventually.ts";
import type { TestHost } from "../support/host.ts";

/** What stands on the host that bad input is given to. */
export interface Scene {
  readonly host: TestHost;
  readonly controller: NetworkController;
  /** 172.30.0.0/24 and fd00:30::/64, with 172.30.0.9 set aside. */
  readonly network: Network;
  /** Without IPv6. */
  readonly ipv4Only: Network;
  readonly internal: Network;
  /** In `network`, without a sandbox; published at 8080. */
  readonly endpoint: Endpoint;
  /** In `network` and `sandbox`. */
  readonly joined: Endpoint;
  readonly sandbox: Sandbox;
  /** Shares the stack of `sandbox`. */
  readonly sharer: Sandbox;
  readonly hostSandbox: Sandbox;
  readonly deletedNetwork: Network;
  readonly deletedEndpoint: Endpoint;
  readonly deletedSandbox: Sandbox;
}

export async function buildScene(host: TestHost): Promise<Scene> {
  const { controller } = host;
  const network = await controller.newNetwork("bridge", "net", {
    ipam: {
      config: [
        { subnet: "172.30.0.0/24", auxiliaryAddresses: { router: "172.30.0.9" } },
        { subnet: "fd00:30::/64" },
      ],
    },
    driverOptions: { bridgeName: "br-net" },
  });
  const bridged = (name: string, subnet: string, more: NetworkOptions = {}) =>
    controller.newNetwork("bridge", name, { ipam: { config: [{ subnet }] }, ...more });
  const ipv4Only = await bridged("ipv4", "172.31.0.0/24");
  const internal = await bridged("internal", "172.31.1.0/24", { internal: true });
  await bridged("config", "172.31.2.0/24", { configOnly: true });
  await controller.newNetwork("bridge", "configured", { configFrom: "config" });
  const endpoint = await network.createEndpoint("free", { publish: [{ containerPort: 80, hostPort: 8080 }] });
  const { endpoint: joined, sandbox } = await controller.attach(network, {
    containerId: "c1",
    endpointName: "joined",
    endpoint: { ipv4: "172.30.0.50", ipv6: "fd00:30::50", mac: "02:00:00:00:00:50" },
  });
  const sharer = await controller.newSandbox("sharer", { shareWith: "c1" });
  const hostSandbox = await controller.newSandbox("hostly", { useHostNetwork: true });
  const deletedNetwork = await bridged("gone", "172.31.3.0/24");
  const { endpoint: deletedEndpoint, sandbox: deletedSandbox } = await controller.attach(deletedNetwork, {
    containerId: "past",
    endpointName: "old",
  });
  await deletedSandbox.delete({ endpoints: "delete" });
  await deletedNetwork.delete();
  await eventually(() => assert.equal(host.rtnl.findLinks({ kind: "bridge" }).length, 4));
  return {
    host,
    controller,
    network,
    ipv4Only,
    internal,
    endpoint,
    joined,
    sandbox,
    sharer,
    hostSandbox,
    deletedNetwork,
    deletedEndpoint,
    deletedSandbox,
  };
}
