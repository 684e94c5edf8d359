import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import * as rule from "./rule.ts";
import { pick, type Shown, TestHost } from "./test-support.ts";

const tables = new Map([
  [253, "default"],
  [254, "main"],
  [255, "local"],
]);
const protocols = new Map([
  [6, "tcp"],
  [17, "udp"],
]);

/** A rule of ours as `ip -json -details rule` shows it. */
function asShown(found: rule.Rule): Shown {
  const prefix = (name: string, cidr: string | undefined) => {
    if (cidr === undefined) return name === "src" ? { src: "all" } : {};
    const [address, length] = cidr.split("/");
    return length === "32" || length === "128"
      ? { [name]: address }
      : { [name]: address, [`${name}len`]: Number(length) };
  };
  return {
    priority: found.priority,
    ...(found.action === "table" ? { table: tables.get(found.table) ?? String(found.table) } : {}),
    ...(["blackhole", "unreachable", "prohibit"].includes(found.action) ? { action: found.action } : {}),
    ...(found.action === "goto" ? { goto: found.goto } : {}),
    ...prefix("src", found.source),
    ...prefix("dst", found.destination),
    ...(found.invert ? { not: null } : {}),
    ...(found.inputInterface === undefined ? {} : { iif: found.inputInterface }),
    ...(found.outputInterface === undefined ? {} : { oif: found.outputInterface }),
    ...(found.mark === undefined ? {} : { fwmark: `0x${found.mark.toString(16)}` }),
    ...(found.suppressPrefixLength === undefined ? {} : { suppress_prefixlen: found.suppressPrefixLength }),
    ...(found.ipProtocol === undefined ? {} : { ipproto: protocols.get(found.ipProtocol) }),
    ...(found.destinationPorts === undefined
      ? {}
      : { dport_start: found.destinationPorts.start, dport_end: found.destinationPorts.end }),
    ...(found.userIds === undefined ? {} : { uid_start: found.userIds.start, uid_end: found.userIds.end }),
  };
}

const properties = [
  ...["priority", "table", "action", "goto", "src", "srclen", "dst", "dstlen", "not", "iif", "oif", "fwmark"],
  ...["suppress_prefixlen", "ipproto", "dport_start", "dport_end", "uid_start", "uid_end"],
];

describe("rules", () => {
  checkLeaks();

  it("of both families are listed as iproute2 lists them", () => {
    using host = new TestHost();
    host.rtnl.execute(
      rule.add({ family: 4, priority: 10, source: "10.0.0.0/8", table: 1000 }),
      rule.add({ family: 4, priority: 11, destination: "10.1.2.3", table: 100 }),
      rule.add({ family: 4, priority: 12, mark: 0x10, inputInterface: "eth7", table: 254 }),
      rule.add({ family: 4, priority: 13, action: "blackhole", outputInterface: "eth8", invert: true }),
      rule.add({ family: 4, priority: 14, action: "goto", goto: 32766 }),
      rule.add({
        family: 4,
        priority: 15,
        ipProtocol: 6,
        destinationPorts: { start: 80, end: 90 },
        table: 7,
      }),
      rule.add({ family: 4, priority: 16, userIds: { start: 1000, end: 2000 }, action: "prohibit" }),
      rule.add({ family: 6, priority: 10, source: "fd00::/8", table: 1000 }),
      rule.add({ family: 6, priority: 11, table: 254, suppressPrefixLength: 0 }),
      rule.add({ family: 6, priority: 12, source: "fd00::5", action: "unreachable" }),
    );
    for (const family of [4, 6] as const) {
      const ours = host.rtnl.dump(rule.list({ family })).map(asShown);
      const theirs = host
        .run(`ip -json -details -${family} rule show`)
        .map((shown) => pick(shown, ...properties));
      assert.deepEqual(ours, theirs);
    }
  });

  it("are added once, and the one that is meant is removed", () => {
    using host = new TestHost();
    const settings = { family: 4, priority: 10, source: "10.0.0.0/8", table: 1000 } as const;
    host.rtnl.execute(rule.add(settings), rule.add({ ...settings, source: "10.0.0.0/16" }));
    assert.throws(() => host.rtnl.execute(rule.add(settings)), { code: "EEXIST" });
    host.rtnl.execute(rule.remove(settings));
    const sources = host.rtnl.dump(rule.list({ family: 4 })).map(({ source }) => source);
    assert.deepEqual(
      sources.filter((source) => source !== undefined),
      ["10.0.0.0/16"],
    );
    assert.throws(() => host.rtnl.execute(rule.remove(settings)), {
      message: "RTM_DELRULE rule 10 of IPv4 failed with ENOENT",
    });
  });
});
