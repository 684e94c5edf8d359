// Who reaches whom over hosts: by both families, inside and underneath, at every size and from every subnet.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { link, type NetNamespace, Rtnl } from "@causeway/kernel";
import { checkLeaks } from "../support/leak-check.ts";
import { type Member, OverlayCluster, usual } from "../support/overlay-cluster.ts";
import { canConnect, canPing, serve } from "../support/traffic.ts";

/** A packet of exactly this size, headers included, that nobody on the way may take apart. */
async function passes(from: NetNamespace, address: string, size: number): Promise<boolean> {
  const headers = address.includes(":") ? 40 + 8 : 20 + 8;
  const options = ["-n", "-c1", "-W1", "-Mdo", `-s${size - headers}`];
  const ping = from.spawn("ping", [...options, address], { stdio: "ignore" });
  const [status] = await once(ping, "close");
  return status === 0;
}

function mtuOf({ namespace }: Member): number | undefined {
  using rtnl = new Rtnl(namespace);
  return rtnl.query(link.get({ name: "eth0" })).mtu;
}

describe("an overlay network", () => {
  checkLeaks();

  for (const [family, mtu, expected] of [
    [4, 1500, 1450],
    [6, 1500, 1430],
    [4, 9000, 8950],
  ] as const) {
    it(`carries both families between two hosts, to the last byte, over IPv${family} with MTU ${mtu}`, async () => {
      await using cluster = new OverlayCluster({ family, mtu });
      const network = await cluster.newNetwork();
      const a = await cluster.join(cluster.host(1), network, usual(2));
      const b = await cluster.join(cluster.host(2), network, usual(3));
      assert.ok(await canPing(a.namespace, "10.7.0.3"));
      assert.ok(await canPing(b.namespace, "10.7.0.2"));
      assert.ok(await canPing(a.namespace, "fd00:7::3"));
      assert.ok(await canPing(b.namespace, "fd00:7::2"));
      assert.ok(await canPing(a.namespace, "fe80::42:aff:fe07:3%eth0"));
      assert.equal(mtuOf(a), expected);
      for (const address of ["10.7.0.3", "fd00:7::3"]) {
        assert.ok(await passes(a.namespace, address, expected));
        assert.ok(!(await passes(a.namespace, address, expected + 1)));
      }
    });
  }

  it("takes an MTU by option", async () => {
    await using cluster = new OverlayCluster();
    const network = await cluster.newNetwork({ options: { "com.docker.network.driver.mtu": "1400" } });
    const a = await cluster.join(cluster.host(1), network, usual(2));
    await cluster.join(cluster.host(2), network, usual(3));
    assert.equal(mtuOf(a), 1400);
    assert.ok(await passes(a.namespace, "10.7.0.3", 1400));
    assert.ok(!(await passes(a.namespace, "10.7.0.3", 1401)));
  });

  it("has everybody reach everybody on five hosts, two of them on each", async () => {
    await using cluster = new OverlayCluster({ hosts: 5 });
    const network = await cluster.newNetwork();
    const members: Member[] = [];
    for (const host of cluster.hosts)
      for (const number of [host.number * 10, host.number * 10 + 1])
        members.push(await cluster.join(host, network, usual(number)));
    const pairs = members.flatMap((from) => members.map((to) => [from, to] as const));
    await Promise.all(
      pairs.map(async ([from, to]) => {
        const { ipv4 = "", ipv6 = "" } = to.peer;
        const name = `${from.peer.ipv4} to ${ipv4}`;
        assert.ok(await canPing(from.namespace, ipv4), name);
        assert.ok(await canPing(from.namespace, ipv6), name);
      }),
    );
  });

  it("carries TCP and UDP", async () => {
    await using cluster = new OverlayCluster();
    const network = await cluster.newNetwork();
    const a = await cluster.join(cluster.host(1), network, usual(2));
    const b = await cluster.join(cluster.host(2), network, usual(3));
    for (const [address, any] of [
      ["10.7.0.3", "0.0.0.0"],
      ["fd00:7::3", "::"],
    ] as const)
      for (const protocol of ["tcp", "udp"] as const) {
        await using _server = await serve(b.namespace, { protocol, address: any, port: 80 });
        assert.ok(await canConnect(a.namespace, address, 80, { protocol }), `${protocol} ${address}`);
      }
  });

  it("has its subnets reach each other, on one host and over two", async () => {
    await using cluster = new OverlayCluster();
    const subnets = ["10.7.0.0/24", "10.8.0.0/24", "fd00:7::/64"];
    const network = await cluster.newNetwork({ subnets });
    const a = await cluster.join(cluster.host(1), network, usual(2));
    const other = { mac: "02:42:0a:08:00:03", ipv4: "10.8.0.3/24", ipv6: "fd00:7::8:3/64" };
    await cluster.join(cluster.host(2), network, other);
    const beside = { mac: "02:42:0a:08:00:04", ipv4: "10.8.0.4/24", ipv6: undefined };
    await cluster.join(cluster.host(1), network, beside);
    for (const address of ["10.8.0.3", "fd00:7::8:3", "10.8.0.4"])
      assert.ok(await canPing(a.namespace, address), address);
  });

  it("does not mind a route of the host's own to the same subnet", async () => {
    await using cluster = new OverlayCluster();
    for (const host of cluster.hosts) host.addAddress("lo", "10.7.0.3/24");
    const network = await cluster.newNetwork();
    const a = await cluster.join(cluster.host(1), network, usual(2));
    const b = await cluster.join(cluster.host(2), network, usual(3));
    await using server = await serve(b.namespace, { protocol: "udp", port: 80 });
    assert.ok(await canConnect(a.namespace, "10.7.0.3", 80, { protocol: "udp" }));
    assert.equal(server.heard.size, 1);
  });
});
