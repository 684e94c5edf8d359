// Who has an address elsewhere is answered on the host itself: not one question leaves it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { neighbour, Rtnl, writeSysctl } from "@causeway/kernel";
import { eventually } from "../support/eventually.ts";
import { ETHERTYPE, FrameSocket } from "../support/frames.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { OverlayCluster, usual } from "../support/overlay-cluster.ts";
import { canPing } from "../support/traffic.ts";

/** Where the inner frame begins: Ethernet, IPv4, UDP and VXLAN headers are before it. */
const innerAt = 14 + 20 + 8 + 8;
const icmpv6 = 58;
const solicitation = 135;

function isQuestion(bytes: Buffer): boolean {
  if (bytes.length < innerAt + 60 || bytes.readUInt16BE(36) !== 4789) return false;
  const type = bytes.readUInt16BE(innerAt + 12);
  if (type === ETHERTYPE.arp) return true;
  const packet = bytes.subarray(innerAt + 14);
  return type === ETHERTYPE.ipv6 && packet[6] === icmpv6 && packet[40] === solicitation;
}

describe("ARP and neighbour solicitations for endpoints elsewhere", () => {
  checkLeaks();

  it("are answered by the bridge, in both families, and leave no host", async () => {
    await using cluster = new OverlayCluster();
    const network = await cluster.newNetwork();
    const a = await cluster.join(cluster.host(1), network, usual(2));
    const b = await cluster.join(cluster.host(2), network, usual(3));
    using wire = new FrameSocket(cluster.underlay.namespace, "port1");
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
    assert.ok(await canPing(a.namespace, "fd00:7::3"));
    assert.ok(await canPing(b.namespace, "10.7.0.2"));
    assert.ok(await canPing(b.namespace, "fd00:7::2"));
    assert.ok(!(await canPing(a.namespace, "10.7.0.9")));
    assert.ok(!(await canPing(a.namespace, "fd00:7::9")));
    const frames = wire.received();
    assert.ok(frames.length >= 8, "pings went by here");
    assert.deepEqual(frames.filter(isQuestion), []);
  });

  it("that came before there was anybody are answered when there is, without being asked again", async () => {
    await using cluster = new OverlayCluster();
    const network = await cluster.newNetwork();
    const a = await cluster.join(cluster.host(1), network, usual(2));
    const wanted = ["10.7.0.3", "fd00:7::3"];
    // It asks once, and not again for a minute.
    for (const family of ["ipv4", "ipv6"])
      a.namespace.run(() => writeSysctl(`net/${family}/neigh/eth0/retrans_time_ms`, "60000"));
    const pings = wanted.map((address) => a.namespace.spawn("ping", ["-n", "-c1", "-W30", address]));
    const ended = pings.map((ping) => once(ping, "close"));
    using rtnl = new Rtnl(a.namespace);
    await eventually(() => {
      const asked = rtnl.dump(neighbour.list({})).filter((one) => one?.state === "incomplete");
      assert.deepEqual(asked.map((one) => one?.address).sort(), wanted);
    });
    await cluster.join(cluster.host(2), network, usual(3));
    assert.deepEqual(
      (await Promise.all(ended)).map(([status]) => status),
      [0, 0],
    );
  });
});
