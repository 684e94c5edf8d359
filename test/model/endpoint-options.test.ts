// What an endpoint is asked to be, it is: in the kernel.

import assert from "node:assert/strict";
import { test } from "node:test";
import { link, route } from "@causeway/kernel";
import { TestHost } from "../support/host.ts";
import { addressesOf, inside, interfacesOf, sysctlOf } from "../support/inside.ts";
import { assertTalking, dualStack, ipv4Only, reaches } from "../support/scenes.ts";

test("addresses, MAC and interface name are those that were asked for", async (t) => {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1);
  const { endpoint, sandbox } = await host.controller.attach(network, {
    containerId: "c",
    endpoint: {
      ipv4: "172.30.1.77",
      ipv6: "fd00:1:0:0::77",
      mac: "02:AA:BB:CC:DD:EE",
      interfaceName: "lan0",
      aliases: ["web"],
      labels: { a: "b" },
    },
  });
  assert.equal(endpoint.ipv6, "fd00:1::77/64", "in canonical form");
  assert.equal(endpoint.mac, "02:aa:bb:cc:dd:ee");
  assert.deepEqual([endpoint.aliases, endpoint.labels], [["web"], { a: "b" }]);
  assert.deepEqual(interfacesOf(sandbox), ["lan0"]);
  assert.deepEqual(addressesOf(sandbox, "lan0"), ["172.30.1.77/24", "fd00:1::77/64"]);
  const { address } = inside(sandbox, (rtnl) => rtnl.query(link.get({ name: "lan0" })));
  assert.equal(address, "02:aa:bb:cc:dd:ee");
  const { sandbox: other } = await host.controller.attach(network, { containerId: "other" });
  await assertTalking(sandbox, other);
});

test("the MAC says the IPv4 address, unless somebody has it", async (t) => {
  const host = await TestHost.create(t);
  const network = await ipv4Only(host, "n", 1);
  const telling = await network.createEndpoint("telling");
  assert.match(telling.mac, /:ac:1e:01:02$/);
  const taker = await network.createEndpoint("taker", { mac: telling.mac.replace(/02$/, "09") });
  const other = await network.createEndpoint("other", { ipv4: "172.30.1.9" });
  assert.notEqual(other.mac, taker.mac);
});

test("settings of the interface are made, under its own name", async (t) => {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1);
  const { sandbox } = await host.controller.attach(network, {
    endpoint: {
      interfaceName: "lan.7",
      sysctls: { "net.ipv4.conf.IFNAME.log_martians": "1", "net.ipv6.neigh.IFNAME.ucast_solicit": "7" },
    },
  });
  assert.equal(sysctlOf(sandbox, "net/ipv4/conf/lan.7/log_martians"), "1");
  assert.equal(sysctlOf(sandbox, "net/ipv6/neigh/lan.7/ucast_solicit"), "7");
  assert.equal(sysctlOf(sandbox, "net/ipv4/conf/lo/log_martians"), "0");
});

test("static routes lead by a next hop or onto the link, in both families", async (t) => {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1);
  const { sandbox, endpoint } = await host.controller.attach(network, {
    containerId: "c",
    endpoint: {
      staticRoutes: [
        { destination: "10.9.0.0/16", nextHop: "172.30.1.9" },
        { destination: "10.10.0.0/16" },
        { destination: "fd99::/64", nextHop: "fd00:1::9" },
      ],
    },
  });
  const routes = inside(sandbox, (rtnl) => rtnl.dump(route.list({ table: route.mainTable })));
  const leading = (destination: string) => routes.find((found) => found.destination === destination);
  assert.equal(leading("10.9.0.0/16")?.gateway, "172.30.1.9");
  assert.equal(leading("10.10.0.0/16")?.gateway, undefined);
  assert.equal(leading("fd99::/64")?.gateway, "fd00:1::9");
  assert.equal(endpoint.info().staticRoutes.length, 3);
});

test("an endpoint without IPv6 in a network that has it", async (t) => {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1);
  const { sandbox, endpoint } = await host.controller.attach(network, {
    containerId: "c",
    endpoint: { disableIpv6: true },
  });
  assert.equal(endpoint.ipv6, undefined);
  assert.equal(endpoint.info().ipv6, undefined);
  assert.deepEqual(addressesOf(sandbox, "eth0"), ["172.30.1.2/24"]);
  assert.equal(sandbox.gateway(6), undefined);
});

test("addresses set aside, a gateway of one's own, and the two addresses of a /31 and a /127", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const aside = await controller.newNetwork("bridge", "aside", {
    ipam: {
      config: [
        {
          subnet: "172.30.1.0/29",
          gateway: "172.30.1.6",
          auxiliaryAddresses: { router: "172.30.1.1", printer: "172.30.1.2" },
        },
      ],
    },
  });
  const given = [];
  for (const name of ["a", "b", "c"]) given.push((await aside.createEndpoint(name)).ipv4);
  assert.deepEqual(given, ["172.30.1.3/29", "172.30.1.4/29", "172.30.1.5/29"]);
  await assert.rejects(aside.createEndpoint("d"), { code: "no_free_address" });

  const pair = await controller.newNetwork("bridge", "pair", {
    ipam: { config: [{ subnet: "172.30.2.0/31" }, { subnet: "fd00:2::/127" }] },
  });
  const { sandbox, endpoint } = await controller.attach(pair, { containerId: "c" });
  assert.equal(endpoint.ipv4, "172.30.2.1/31");
  assert.equal(endpoint.ipv6, "fd00:2::1/127");
  const hostly = await controller.newSandbox("hostly", { useHostNetwork: true });
  assert.equal(await reaches(hostly, sandbox, "172.30.2.1"), "172.30.2.0");
  assert.equal(await reaches(hostly, sandbox, "fd00:2::1"), "fd00:2::");
});

test("automatic subnets, IPv6 alone, and the null IPAM", async (t) => {
  const host = await TestHost.create(t);
  const { controller } = host;
  const [one, two] = await Promise.all(
    ["one", "two"].map((name) => controller.newNetwork("bridge", name, { ipv6: true })),
  );
  assert.ok(one !== undefined && two !== undefined);
  const pools = [one, two].flatMap(({ ipamInfo }) => ipamInfo.map(({ pool }) => pool));
  assert.equal(new Set(pools).size, 4);
  const [a, b] = [await controller.attach(one), await controller.attach(one)];
  await assertTalking(a.sandbox, b.sandbox);

  const alone = await controller.newNetwork("bridge", "alone", { ipv4: false, ipv6: true });
  const [c, d] = [await controller.attach(alone), await controller.attach(alone)];
  assert.equal(c.endpoint.ipv4, undefined);
  await assertTalking(c.sandbox, d.sandbox);
  assert.equal(c.sandbox.gateway(4), undefined);

  const layer2 = await controller.newNetwork("bridge", "layer2", { ipam: { driver: "null" } });
  const e = await controller.attach(layer2);
  assert.deepEqual([e.endpoint.ipv4, e.endpoint.ipv6], [undefined, undefined]);
  assert.deepEqual(interfacesOf(e.sandbox), ["eth0"]);
});

test("an internal network talks within, and has no way out", async (t) => {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1, { internal: true });
  const [a, b] = [await host.controller.attach(network), await host.controller.attach(network)];
  await assertTalking(a.sandbox, b.sandbox);
  assert.equal(a.sandbox.gateway(4), undefined);
  assert.equal(a.sandbox.gateway(6), undefined);
});
