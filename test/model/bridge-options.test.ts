// What a bridge network is asked to be, it is: in the kernel. Who reaches whom is asked in test/isolation.

import assert from "node:assert/strict";
import { test } from "node:test";
import { address, bytesToIp, link, readSysctl } from "@causeway/kernel";
import { eventually } from "../support/eventually.ts";
import { arp, BROADCAST, ETHERTYPE, FrameSocket, frame } from "../support/frames.ts";
import { namespaceOf, TestHost } from "../support/host.ts";
import { inside, interfacesOf, wayOut } from "../support/inside.ts";
import { Outside } from "../support/outside.ts";
import { dualStack, ipv4Only } from "../support/scenes.ts";

const bridgeOf = (host: TestHost, name: string) => host.rtnl.query(link.get({ name }));

test("the bridge keeps its MTU and MAC while endpoints come and go", async (t) => {
  const host = await TestHost.create(t);
  const driverOptions = { bridgeName: "lan0", mtu: 1400 };
  const network = await dualStack(host, "n", 1, { driverOptions });
  const { address: mac, mtu } = bridgeOf(host, "lan0");
  assert.equal(mtu, 1400);
  for (let round = 0; round < 2; round++) {
    const { sandbox } = await host.controller.attach(network);
    assert.equal(inside(sandbox, (rtnl) => rtnl.query(link.get({ name: "eth0" }))).mtu, 1400);
    await sandbox.delete({ endpoints: "delete" });
    await host.settled();
    assert.deepEqual([bridgeOf(host, "lan0").address, bridgeOf(host, "lan0").mtu], [mac, 1400]);
  }
});

test("somebody else on the network has the gateway's address", async (t) => {
  const host = await TestHost.create(t);
  const driverOptions = { bridgeName: "lan0", inhibitIpv4: true, interfacePrefix: "lan" };
  const network = await ipv4Only(host, "n", 1, { driverOptions });
  const { index } = bridgeOf(host, "lan0");
  assert.deepEqual(host.rtnl.dump(address.list({ link: index, family: 4 })), []);
  const { sandbox } = await host.controller.attach(network);
  assert.deepEqual(interfacesOf(sandbox), ["lan0"]);
  assert.equal(wayOut(sandbox, 4), "172.30.1.1 by lan0");
});

test("an isolated gateway: the host has no address, the sandbox no way out", async (t) => {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1, {
    internal: true,
    driverOptions: { bridgeName: "lan0", gatewayModeIpv4: "isolated", gatewayModeIpv6: "isolated" },
  });
  const { index } = bridgeOf(host, "lan0");
  const own = host.rtnl.dump(address.list({ link: index })).filter((one) => !one.address.startsWith("fe80:"));
  assert.deepEqual(own, []);
  const { sandbox } = await host.controller.attach(network);
  assert.equal(wayOut(sandbox, 4), undefined);
  assert.equal(wayOut(sandbox, 6), undefined);
});

test("the host answers ARP on a bridge for all its addresses, and for none where it has none there", async (t) => {
  const host = await TestHost.create(t);
  using outside = new Outside(host);
  const isolated = { gatewayModeIpv4: "isolated", gatewayModeIpv6: "isolated" };
  for (const [number, internal, driverOptions] of [
    [1, false, {}],
    [2, true, isolated],
  ] as const) {
    const network = await dualStack(host, `n${number}`, number, { internal, driverOptions });
    const { endpoint, sandbox } = await host.controller.attach(network);
    const neighbour = await host.controller.attach(network);
    using namespace = namespaceOf(sandbox);
    using socket = new FrameSocket(namespace, "eth0");
    const [own = "", next = ""] = [endpoint, neighbour.endpoint].map(({ ipv4 }) => ipv4?.split("/")[0]);
    const ask = (targetAddress: string) =>
      socket.send(
        frame(
          BROADCAST,
          endpoint.mac,
          ETHERTYPE.arp,
          arp({ operation: 1, senderMac: endpoint.mac, senderAddress: own, targetAddress }),
        ),
      );
    const answered = new Set<string>();
    ask(outside.hostIpv4);
    // The neighbour's answer comes later.
    ask(next);
    await eventually(() => {
      for (const bytes of socket.received()) {
        if (bytes.readUInt16BE(12) !== ETHERTYPE.arp || bytes.readUInt16BE(20) !== 2) continue;
        answered.add(bytesToIp(bytes.subarray(28, 32)));
      }
      assert.ok(answered.has(next));
    });
    assert.equal(answered.has(outside.hostIpv4), !internal);
  }
});

test("a bridge is in the controllers' group again after a restart", async (t) => {
  const host = await TestHost.create(t);
  await ipv4Only(host, "n", 1, { driverOptions: { bridgeName: "lan0" } });
  const { group } = bridgeOf(host, "lan0");
  assert.equal(group, 0xca05);
  host.rtnl.execute(link.change({ name: "lan0" }, { group: 0 }));
  await host.restart();
  assert.equal(bridgeOf(host, "lan0").group, group);
});

test("forwarding is turned on when a network needs it, and for nothing else", async (t) => {
  const host = await TestHost.create(t);
  using _outside = new Outside(host);
  const forwarding = () =>
    host.namespace.run(() =>
      ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"].map((key) => readSysctl(key)).join(),
    );
  assert.equal(forwarding(), "0,0", "a fresh host");
  await dualStack(host, "internal", 1, { internal: true });
  assert.equal(forwarding(), "0,0");
  const overlapping = { ipam: { config: [{ subnet: "192.0.2.0/25" }] } };
  await assert.rejects(host.controller.newNetwork("bridge", "n", overlapping), { code: "route_overlap" });
  assert.equal(forwarding(), "0,0", "one that could not be made");
  await ipv4Only(host, "ipv4", 2);
  assert.equal(forwarding(), "1,0");
  await dualStack(host, "both", 3);
  assert.equal(forwarding(), "1,1");
});

test("forwarding is left alone where the driver is told so", async (t) => {
  const host = await TestHost.create(t, { drivers: { bridge: { enableForwarding: false } } });
  await dualStack(host, "n", 1);
  assert.equal(
    host.namespace.run(() => readSysctl("net/ipv6/conf/all/forwarding")),
    "0",
  );
});
