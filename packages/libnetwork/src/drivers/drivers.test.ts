import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { link, NetNamespace, Reaper, Rtnl } from "@causeway/kernel";
import { eventually } from "../../../../test/support/eventually.ts";
import { kernelState, stackState } from "../../../../test/support/kernel-state.ts";
import { OverlayCluster } from "../../../../test/support/overlay-cluster.ts";
import type { OverlayHost } from "../../../../test/support/overlay-host.ts";
import type { EndpointSpec, InterfacePlan } from "../contracts/driver.ts";
import { NftablesFirewall } from "../firewall/nftables-firewall.ts";
import { PortAllocator } from "../ports/port-allocator.ts";
import { BridgeDriver } from "./bridge/driver.ts";
import { type DriverSetting, driverContract } from "./driver-contract.ts";
import { StacklessDriver } from "./stackless-driver.ts";

function bridgeSetting(t: TestContext): DriverSetting {
  const cleanUp = new AsyncDisposableStack();
  t.after(() => cleanUp.disposeAsync());
  const host = cleanUp.use(NetNamespace.create());
  const sandbox = cleanUp.use(NetNamespace.create());
  const rtnl = cleanUp.use(new Rtnl(host));
  const reaper = cleanUp.use(new Reaper(host));
  let remembered = false;
  const open = () => {
    const firewall = new NftablesFirewall({ controllerId: "0123456789ab", namespace: host });
    const ports = new PortAllocator(host);
    const driver = new BridgeDriver(
      {
        host,
        rtnl,
        reaper,
        firewall,
        ports,
        connections: { forget: async () => undefined, forgetLater: () => undefined },
        memory: {
          read: () => remembered,
          write: (value) => {
            remembered = value === true;
          },
        },
        ownerOf: (id) => `causeway:0123456789ab:${id}`,
      },
      undefined,
    );
    return { driver, firewall, ports };
  };
  let opened = open();
  opened.firewall.install();
  const letGo = () => {
    opened.ports.close();
    opened.firewall.close();
  };
  cleanUp.defer(letGo);
  return {
    driver: opened.driver,
    reopen: () => {
      letGo();
      opened = open();
      opened.firewall.install();
      return opened.driver;
    },
    async world() {
      await reaper.drain();
      // Rules do not change with networks, and forwarding that was turned on stays on.
      return kernelState(host).filter((line) => !/^(nft|sysctl) /.test(line));
    },
    makeInterface: (plan, spec) => makeVeth(rtnl, sandbox, plan, spec),
  };
}

function makeVeth(rtnl: Rtnl, sandbox: NetNamespace, plan: InterfacePlan, spec: EndpointSpec): void {
  if (plan.kind !== "veth") throw new Error(`the driver plans a ${plan.kind}`);
  const { mac } = spec.interface;
  const veth = { peer: { name: plan.hostName, address: mac, namespaceFd: sandbox.fd } };
  rtnl.execute(
    link.create({ name: plan.hostName, master: plan.bridgeIndex, info: { kind: "veth", veth } }),
    link.change({ name: plan.hostName }, { up: true, info: { slaveKind: "bridge", bridgePort: plan.port } }),
  );
}

/** Of the host and of what is kept in its run directory, the namespaces' links included. */
async function overlayWorld({ namespace, reaper, runDir }: OverlayHost): Promise<readonly string[]> {
  await reaper.drain();
  const inside = readdirSync(join(runDir, "netns")).flatMap((name) => {
    using kept = NetNamespace.open(join(runDir, "netns", name));
    return stackState(kept).map((line) => `${name} ${line}`);
  });
  // The host's own link-local address comes in its own time.
  const hostState = () => kernelState(namespace).filter((line) => !line.includes("fe80::"));
  if (inside.length > 0) return [...hostState(), ...inside];
  // The kernel takes its time over a namespace that was let go of.
  return eventually(() => {
    const state = hostState();
    assert.ok(!state.some((line) => line.endsWith(":4789")));
    return state;
  });
}

driverContract("overlay", {
  open: (t) => {
    const cluster = new OverlayCluster({ hosts: 1 });
    t.after(() => cluster[Symbol.asyncDispose]());
    const host = cluster.host(1);
    const sandbox = NetNamespace.create();
    t.after(() => sandbox[Symbol.dispose]());
    return {
      driver: host.driver,
      reopen: () => {
        host.driver = host.openDriver();
        host.firewall.install();
        return host.driver;
      },
      world: () => overlayWorld(host),
      makeInterface(plan, spec) {
        if (plan.kind !== "veth" || plan.bridgeNamespace === undefined) throw new Error("a pair elsewhere");
        using near = NetNamespace.open(plan.bridgeNamespace.path);
        using rtnl = new Rtnl(near);
        makeVeth(rtnl, sandbox, plan, spec);
      },
    };
  },
  options: { good: { mtu: 1400 }, bad: { mtu: 1 } },
});

driverContract("bridge", {
  open: bridgeSetting,
  options: { good: { mtu: 1400 }, bad: { mtu: 1 } },
});

for (const [type, sharesHost] of [
  ["host", true],
  ["null", false],
] as const) {
  driverContract(type, {
    open: () => ({
      driver: new StacklessDriver(type, sharesHost),
      reopen: () => new StacklessDriver(type, sharesHost),
      world: () => [],
      makeInterface: () => undefined,
    }),
    options: { good: {}, bad: { mtu: 1400 } },
  });
}
