import assert from "node:assert/strict";
import { test } from "node:test";
import { link, NetNamespace, Rtnl } from "@causeway/kernel";
import { fetchLink, returnLink } from "./guest-link.ts";

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
