// The network driver of examples/plugins/open-vswitch on Debian's Open vSwitch: by a caller that does what dockerd does, and under dockerd.

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { NetNamespace } from "@causeway/kernel";
import { checkPlugin, reportText } from "@causeway/plugin-sdk";
import { Dockerd } from "../support/dockerd.ts";
import { eventually } from "../support/eventually.ts";
import { ExamplePlugin } from "../support/example-plugin.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { OpenVswitch } from "../support/open-vswitch.ts";
import { needsPeer } from "../support/peers.ts";
import { linkNames, PluginCaller } from "../support/plugin-caller.ts";
import { canPing } from "../support/traffic.ts";

describe("the driver on Open vSwitch", { skip: needsPeer("ovs-vswitchd", "ovsdb-server") }, () => {
  const { directory } = checkLeaks();

  it("keeps the protocol, and leaves no bridge", async () => {
    const sockets = join(directory, "check");
    using caller = new PluginCaller("open-vswitch", { sockets, specs: [] });
    await using ovs = await OpenVswitch.start(caller.namespace, join(directory, "check-ovs"));
    const plugin = await started(ovs, join(sockets, "open-vswitch.sock"), caller.namespace);
    try {
      const path = join(sockets, "open-vswitch.sock");
      const report = await checkPlugin({ kind: "unix", path }, { restart: () => plugin.restart("SIGKILL") });
      const broken = report.clauses.filter(({ outcome }) => outcome === "broken");
      assert.deepEqual(broken, [], reportText(report));
      assert.deepEqual(report.left, []);
      assert.equal(await ovs.vsctl("list-br"), "");
      assert.deepEqual(linkNames(caller.namespace), ["lo"]);
    } finally {
      await plugin.end("SIGTERM");
    }
  });

  it("has packets go between the endpoints of a VLAN, and not to others", async () => {
    const sockets = join(directory, "packets");
    using caller = new PluginCaller("open-vswitch", { sockets, specs: [] });
    await using ovs = await OpenVswitch.start(caller.namespace, join(directory, "packets-ovs"));
    const plugin = await started(ovs, join(sockets, "open-vswitch.sock"), caller.namespace);
    try {
      const net7 = await caller.createNetwork("10.60.0", { vlan: "7" });
      const other = await caller.createNetwork("10.61.0", {}, { internal: true });
      const one = await caller.run(net7, "10.60.0.2/24");
      const two = await caller.run(net7, "10.60.0.3/24");
      const eight = await caller.run(net7, "10.60.0.4/24", { vlan: "8" });
      const away = await caller.run(other, "10.60.0.5/24");
      assert.equal(await canPing(one.namespace, "10.60.0.3"), true, "the same VLAN");
      assert.equal(await canPing(one.namespace, "10.60.0.1"), true, "the host");
      assert.equal(await canPing(one.namespace, "10.60.0.4"), false, "another VLAN");
      assert.equal(await canPing(one.namespace, "10.60.0.5"), false, "another bridge");
      assert.equal(await canPing(eight.namespace, "10.60.0.1"), false, "the host from another VLAN");
      assert.equal(one.mac, JSON.parse(await ovs.vsctl("get", "Interface", one.srcName, "mac")));
      const shown = await caller.driver.endpointOperInfo({ NetworkID: net7, EndpointID: eight.EndpointID });
      assert.deepEqual(
        [shown.Value.vlan, shown.Value.port, await ovs.vsctl("get", "Port", eight.srcName, "tag")],
        [8, eight.srcName, "8"],
      );

      await assert.rejects(caller.driver.deleteNetwork({ NetworkID: net7 }), { message: /has endpoint-/ });
      await plugin.end("SIGKILL");
      await plugin.start();
      assert.equal(await canPing(one.namespace, "10.60.0.3"), true, "while the plugin was killed");
      for (const container of [one, two, eight]) await caller.remove(net7, container);
      await caller.remove(other, away);
      for (const NetworkID of [net7, other]) await caller.driver.deleteNetwork({ NetworkID });
      assert.equal(await ovs.vsctl("list-br"), "");
      assert.deepEqual(linkNames(caller.namespace), ["lo"]);
    } finally {
      await plugin.end("SIGTERM");
    }
  });

  it("says what is wrong, and makes nothing", async () => {
    const sockets = join(directory, "refused");
    using caller = new PluginCaller("open-vswitch", { sockets, specs: [] });
    await using ovs = await OpenVswitch.start(caller.namespace, join(directory, "refused-ovs"));
    const plugin = await started(ovs, join(sockets, "open-vswitch.sock"), caller.namespace);
    try {
      for (const [options, says] of [
        [{ vlan: "4095" }, /remote: vlan "4095" is none: 1 to 4094/],
        [{ datapath: "x" }, /remote: datapath "x": there are netdev and system/],
        // This kernel has no datapath of its own.
        [{ datapath: "system" }, /remote: Open vSwitch could not make ovs-/],
      ] as const)
        await assert.rejects(caller.createNetwork("10.60.0", options), { message: says });
      assert.equal(await ovs.vsctl("list-br"), "");
      await ovs[Symbol.asyncDispose]();
      // The plugin may be asked before it hears that its connection is lost, and says that first.
      const message = /no Open vSwitch answers on .*db\.sock/;
      await eventually(() => assert.rejects(caller.createNetwork("10.60.0"), { message }));
    } finally {
      await plugin.end("SIGTERM");
    }
  });
});

async function started(ovs: OpenVswitch, socket: string, namespace: NetNamespace): Promise<ExamplePlugin> {
  const words = ["--db", ovs.socket, "--datapath", "netdev", "--socket", socket];
  const plugin = new ExamplePlugin("open-vswitch", words, namespace);
  await plugin.start();
  return plugin;
}

const programs = needsPeer("ovs-vswitchd", "ovsdb-server", "docker", "dockerd", "busybox");

describe("the driver on Open vSwitch under dockerd", { skip: programs }, () => {
  it("carries packets between containers of a VLAN, through restarts", async (t) => {
    await using dockerd = await Dockerd.start();
    const { namespace } = dockerd;
    await using ovs = await OpenVswitch.start(namespace, join(dockerd.directory, "ovs"));
    const before = linkNames(namespace);
    const name = `causeway-open-vswitch-${process.pid}`;
    const plugin = await started(ovs, `/run/docker/plugins/${name}.sock`, namespace);
    t.after(() => plugin.end("SIGTERM"));
    const docker = (command: string) => dockerd.docker(...command.split(" "));
    const run = (container: string, network: string) =>
      docker(`run -d --name ${container} --network ${network} box sleep 1000`);
    // More than one: the first may meet what is left of a question that nobody answered.
    const pings = (from: string, to: string) => docker(`exec ${from} ping -c 3 -W 1 ${to}`);

    await docker(`network create -d ${name} --subnet 10.60.0.0/24 -o vlan=7 net7`);
    await docker(`network create -d ${name} --subnet 10.61.0.0/24 --internal inside`);
    await run("one", "net7");
    await run("two", "net7");
    await pings("one", "two");
    await pings("one", "10.60.0.1");

    // An endpoint's own VLAN, by --driver-opt.
    await run("three", "inside");
    await docker("network connect --driver-opt vlan=8 --ip 10.60.0.8 net7 three");
    await assert.rejects(pings("one", "10.60.0.8"), "another VLAN");
    await docker("network disconnect net7 three");
    await docker("network connect --ip 10.60.0.8 net7 three");
    await pings("one", "10.60.0.8");
    await docker("network disconnect net7 three");
    assert.equal((await docker("exec three busybox ip route")).includes("default"), false, "it is internal");

    await docker("restart -t 0 two");
    await pings("one", "two");
    await plugin.end("SIGKILL");
    await pings("one", "two");
    await plugin.start();
    await docker("rm -f two");
    await run("four", "net7");
    await pings("four", "one");

    await docker("rm -f one three four");
    await docker("network rm net7 inside");
    assert.equal(await ovs.vsctl("list-br"), "");
    assert.deepEqual(linkNames(namespace), before);
  });
});
