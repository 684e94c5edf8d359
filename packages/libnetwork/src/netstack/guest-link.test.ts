import assert from "node:assert/strict";
import { test } from "node:test";
import { link, NetNamespace, Rtnl } from "@causeway/kernel";
import { fetchLink, originOf, returnLink } from "./guest-link.ts";

test("a link whose name is taken stays where it is, on the way there and on the way back", () => {
  using host = NetNamespace.create();
  using guest = NetNamespace.create();
  using outside = new Rtnl(host);
  using inside = new Rtnl(guest);
  const home = { namespace: host, rtnl: outside };
  const wanted = (name: string) => ({
    sourceName: "theirs",
    name,
    addresses: { mac: "", ipv4: undefined, ipv6: undefined },
  });
  const make = (rtnl: Rtnl, name: string) =>
    rtnl.execute(link.create({ name, info: { kind: "veth", veth: { peer: { name: `${name}-peer` } } } }));
  const names = (rtnl: Rtnl) =>
    rtnl
      .dump(link.list())
      .map(({ name }) => name)
      .filter((name) => name.startsWith("eth") || name === "theirs")
      .sort();

  make(outside, "theirs");
  make(inside, "eth0");
  const before = names(inside);
  assert.throws(() => fetchLink(home, guest, wanted("eth0")), { code: "EEXIST" });
  assert.deepEqual(names(outside), ["theirs"]);
  assert.deepEqual(names(inside), before);

  fetchLink(home, guest, wanted("eth1"));
  assert.deepEqual(names(outside), []);
  const { index } = inside.query(link.get({ name: "eth1" }));
  const moved = { index, name: "eth1", sourceName: "theirs" };
  // The host's other one has this name by now.
  outside.execute(link.create({ name: "theirs", info: { kind: "bridge" } }));
  assert.throws(() => returnLink(inside, home, moved), { code: "source_name_in_use" });
  assert.deepEqual(names(outside), ["theirs"], "and nothing that is called eth1");
  assert.equal(inside.findLink({ index })?.name, "eth1");

  outside.execute(link.remove({ name: "theirs" }));
  returnLink(inside, home, moved);
  assert.deepEqual(names(outside), ["theirs"]);
});

test("a pair in the place of the guest's, with both its indexes, stays though the host has another pair where the other end was", () => {
  using host = NetNamespace.create();
  using guest = NetNamespace.create();
  using outside = new Rtnl(host);
  using inside = new Rtnl(guest);
  const home = { namespace: host, rtnl: outside };
  const pair = (name: string, index: number, peer: string) =>
    link.create({ name, index, info: { kind: "veth", veth: { peer: { name: peer } } } });
  outside.execute(pair("theirs", 100, "near"));
  const origin = originOf(outside, "theirs");
  const addresses = { mac: "", ipv4: undefined, ipv6: undefined };
  fetchLink(home, guest, { sourceName: "theirs", name: "eth0", addresses });
  const { index } = inside.query(link.get({ name: "eth0" }));
  assert.ok(origin?.paired && origin.parent !== undefined);

  inside.execute(link.remove({ index }), pair("eth0", index, "mine"));
  assert.equal(inside.query(link.get({ index })).parentIndex, origin.parent);
  outside.execute(pair("other", origin.parent, "far"));
  returnLink(inside, home, { index, name: "eth0", sourceName: "theirs", origin });
  assert.equal(outside.findLink({ name: "theirs" }), undefined);
  assert.equal(inside.findLink({ index })?.name, "eth0");
});
