import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import * as address from "./address.ts";
import { IFA_F_NOPREFIXROUTE, IFA_F_TENTATIVE } from "./spec/address.ts";
import { assertAgree, pair, pick, type Shown, TestHost } from "./test-support.ts";

const scopes = new Map([
  [0, "global"],
  [253, "link"],
  [254, "host"],
]);

const forever = 0xffff_ffff;

/** An address of ours as `ip -json address` shows it. */
function asShown(found: address.Address): Shown {
  return {
    family: found.family === 10 ? "inet6" : "inet",
    local: found.address,
    prefixlen: found.prefixLength,
    scope: scopes.get(found.scope),
    valid_life_time: found.lifetime?.valid ?? forever,
    preferred_life_time: found.lifetime?.preferred ?? forever,
    ...(found.peer === undefined ? {} : { address: found.peer }),
    ...(found.broadcast === undefined ? {} : { broadcast: found.broadcast }),
    ...(found.label === undefined ? {} : { label: found.label }),
    ...(found.metric === undefined ? {} : { metric: found.metric }),
    ...((found.flags & IFA_F_TENTATIVE) === 0 ? {} : { tentative: true }),
    ...((found.flags & IFA_F_NOPREFIXROUTE) === 0 ? {} : { noprefixroute: true }),
  };
}

const properties = [
  ...["family", "local", "prefixlen", "scope", "valid_life_time", "preferred_life_time", "address"],
  ...["broadcast", "label", "metric", "tentative", "noprefixroute"],
];

describe("addresses", () => {
  checkLeaks();

  it("are listed as iproute2 lists them", () => {
    using host = new TestHost(pair("near", "far"));
    host.up("lo", "near", "far");
    const near = host.index("near");
    host.rtnl.execute(
      address.add({
        link: near,
        address: "10.0.0.1",
        prefixLength: 24,
        broadcast: "10.0.0.255",
        label: "near:x",
      }),
      address.add({
        link: near,
        address: "10.0.0.2",
        prefixLength: 24,
        metric: 50,
        flags: IFA_F_NOPREFIXROUTE,
      }),
      address.add({ link: near, address: "10.5.0.1", prefixLength: 32, peer: "10.5.0.9", scope: 253 }),
      address.add({ link: near, address: "fd00::1", prefixLength: 64 }),
      address.add({
        link: near,
        address: "fd00::2",
        prefixLength: 128,
        lifetime: { valid: 5000, preferred: 4000 },
      }),
    );
    const theirs = () =>
      host
        .run("ip -json address show")
        .flatMap(({ addr_info }) => addr_info as Shown[])
        .map((shown) => pick(shown, ...properties));
    const ours = () => host.rtnl.dump(address.list()).map(asShown);
    const byText = (a: Shown, b: Shown) => String(a.local).localeCompare(String(b.local));
    assertAgree(
      () => ours().sort(byText),
      () => theirs().sort(byText),
    );
  });

  it("are listed by link and by family", () => {
    using host = new TestHost(pair("near", "far"));
    const [near, far] = [host.index("near"), host.index("far")];
    host.rtnl.execute(
      address.add({ link: near, address: "10.0.0.1", prefixLength: 24 }),
      address.add({ link: near, address: "fd00::1", prefixLength: 64 }),
      address.add({ link: far, address: "10.0.1.1", prefixLength: 24 }),
    );
    const listed = (filter: address.AddressFilter) =>
      host.rtnl.dump(address.list(filter)).map((found) => found.address);
    assert.deepEqual(listed({ link: near }).sort(), ["10.0.0.1", "fd00::1"]);
    assert.deepEqual(listed({ family: 4 }).sort(), ["10.0.0.1", "10.0.1.1"]);
    assert.deepEqual(listed({ link: near, family: 6 }), ["fd00::1"]);
  });

  it("of IPv6 are usable at once", () => {
    using host = new TestHost(pair("near", "far"));
    host.up("near", "far");
    host.rtnl.execute(address.add({ link: host.index("near"), address: "fd00::1", prefixLength: 64 }));
    const [found] = host.rtnl.dump(address.list({ family: 6 })).filter((one) => one.address === "fd00::1");
    assert.equal((found?.flags ?? 0) & IFA_F_TENTATIVE, 0);
  });

  it("are added once, replaced, and removed once", () => {
    using host = new TestHost();
    const settings = { link: 1, address: "10.0.0.1", prefixLength: 32 };
    host.rtnl.execute(address.add(settings));
    assert.throws(() => host.rtnl.execute(address.add(settings)), { code: "EEXIST" });
    host.rtnl.execute(address.replace({ ...settings, lifetime: { valid: 100, preferred: 50 } }));
    assert.equal(host.rtnl.dump(address.list({ link: 1 }))[0]?.lifetime?.valid, 100);
    host.rtnl.execute(address.remove(settings));
    assert.throws(() => host.rtnl.execute(address.remove(settings)), {
      message: /^RTM_DELADDR 10.0.0.1\/32 on link 1 failed with EADDRNOTAVAIL/,
    });
  });
});
