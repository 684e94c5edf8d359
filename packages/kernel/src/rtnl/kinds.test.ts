/**
 * Links of every kind, held against iproute2. Kinds that the machine's kernel lacks are skipped here, and not under the
 * virtual machine's (kinds.peers.test.ts), which sets CAUSEWAY_ALL_KINDS.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { linkKind } from "../features.ts";
import { hasFeature } from "../sys/features.ts";
import { openTun } from "../sys/tun.ts";
import * as link from "./link.ts";
import type { LinkInfo } from "./spec/link-info.ts";
import { pair, pick, type Shown, TestHost } from "./test-support.ts";

interface Sample {
  /** What the link is made with. */
  readonly info: LinkInfo & { readonly kind: string };
  /** It stands on the link `parent`. */
  readonly onParent?: true;
  /** How iproute2 shows it: these of its info_data. */
  readonly shown: Shown;
}

const samples: readonly Sample[] = [
  { info: { kind: "dummy" }, shown: {} },
  { info: { kind: "ifb" }, shown: {} },
  {
    info: {
      kind: "bridge",
      bridge: { ageingTime: 5000, forwardDelay: 400, multicastSnooping: false, groupForwardMask: 8 },
    },
    shown: { ageing_time: 5000, forward_delay: 400, mcast_snooping: 0, group_fwd_mask: "0x8" },
  },
  {
    info: {
      kind: "vxlan",
      vxlan: {
        id: 4097,
        local: "192.0.2.1",
        remote: "192.0.2.2",
        port: 4789,
        learning: false,
        sourcePorts: { low: 1000, high: 2000 },
        timeToLive: 9,
        ageing: 77,
        proxy: true,
        l2Miss: true,
        udpChecksum: false,
      },
    },
    shown: {
      id: 4097,
      local: "192.0.2.1",
      remote: "192.0.2.2",
      port: 4789,
      learning: false,
      port_range: { low: 1000, high: 2000 },
      ttl: 9,
      ageing: 77,
      proxy: true,
      l2miss: true,
      udp_csum: false,
    },
  },
  {
    info: { kind: "vxlan", vxlan: { id: 2, local6: "2001:db8::1", remote6: "2001:db8::2", flowLabel: 0x12 } },
    shown: { id: 2, local6: "2001:db8::1", remote6: "2001:db8::2", label: "0x12" },
  },
  ...(["private", "vepa", "bridge", "passthru"] as const).map(
    (mode): Sample => ({ info: { kind: "macvlan", macvlan: { mode } }, onParent: true, shown: { mode } }),
  ),
  { info: { kind: "macvtap", macvtap: { mode: "bridge" } }, onParent: true, shown: { mode: "bridge" } },
  ...(["l2", "l3", "l3s"] as const).map(
    (mode): Sample => ({
      info: { kind: "ipvlan", ipvlan: { mode } },
      onParent: true,
      shown: { mode, bridge: true },
    }),
  ),
  {
    info: { kind: "ipvlan", ipvlan: { mode: "l3", isolation: "private" } },
    onParent: true,
    shown: { mode: "l3", private: true },
  },
  { info: { kind: "ipvlan", ipvlan: { isolation: "vepa" } }, onParent: true, shown: { vepa: true } },
  { info: { kind: "vlan", vlan: { id: 10 } }, onParent: true, shown: { protocol: "802.1Q", id: 10 } },
  {
    info: { kind: "vlan", vlan: { id: 4094, protocol: "802.1ad" } },
    onParent: true,
    shown: { protocol: "802.1ad", id: 4094 },
  },
];

const needed = process.env.CAUSEWAY_ALL_KINDS === "1";

/** Why a test of this kind is skipped, or false. */
function missing(kind: string): string | false {
  if (needed || hasFeature(linkKind(kind))) return false;
  return `this kernel has no links of kind ${kind}: kinds.peers.test.ts has them`;
}

describe("links of kind", () => {
  checkLeaks();

  for (const { info, onParent, shown } of samples) {
    const { kind } = info;
    const attributes = Object.values(info).find((value) => typeof value === "object") ?? {};
    it(`${kind} ${JSON.stringify(attributes)}`, { skip: missing(kind) }, () => {
      using host = new TestHost(pair("parent", "other"));
      const parent = onParent === undefined ? {} : { parentIndex: host.index("parent") };
      host.rtnl.execute(link.create({ name: "sample", ...parent, info }));
      const found = host.rtnl.query(link.get({ name: "sample" }));
      assert.equal(found.info?.kind, kind);
      const read = Object.values(found.info ?? {}).find((value) => typeof value === "object") ?? {};
      assert.deepEqual(pick(read, ...Object.keys(attributes)), attributes);
      assert.equal(found.parentIndex, parent.parentIndex);
      const [theirs = {}] = host.run("ip -json -details link show dev sample");
      const data = (theirs.linkinfo as Record<string, Shown>).info_data ?? {};
      assert.deepEqual(pick(data, ...Object.keys(shown)), shown);
    });
  }

  it("macvlan is changed in place", () => {
    using host = new TestHost(pair("parent", "other"));
    const info = { kind: "macvlan", macvlan: { mode: "bridge" } } as const;
    host.rtnl.execute(link.create({ name: "sample", parentIndex: host.index("parent"), info }));
    host.rtnl.execute(
      link.change({ name: "sample" }, { info: { kind: "macvlan", macvlan: { mode: "private" } } }),
    );
    assert.equal(host.rtnl.query(link.get({ name: "sample" })).info?.macvlan?.mode, "private");
  });

  for (const mode of ["tun", "tap"] as const) {
    it(`${mode}`, () => {
      using host = new TestHost();
      using device = host.namespace.run(() =>
        openTun({ name: "sample", mode, owner: 1000, vnetHeader: true }),
      );
      assert.ok(device.fd > 0);
      const tun = host.rtnl.query(link.get({ name: "sample" })).info?.tun;
      const [theirs = {}] = host.run("ip -json -details link show dev sample");
      const data = (theirs.linkinfo as Record<string, Shown>).info_data ?? {};
      assert.deepEqual(pick(data, "type", "pi", "vnet_hdr", "persist", "user"), {
        type: tun?.type,
        pi: tun?.packetInformation,
        vnet_hdr: tun?.vnetHeader,
        persist: tun?.persistent,
        user: data.user,
      });
      assert.deepEqual([tun?.type, tun?.vnetHeader, tun?.owner], [mode, true, 1000]);
    });
  }
});
