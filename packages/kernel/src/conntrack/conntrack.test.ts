import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { bytesToIp, ipToBytes } from "../codec/inet.ts";
import { NftContext } from "../nftables/context.ts";
import { Reaper } from "../reaper/reaper.ts";
import * as link from "../rtnl/link.ts";
import { Rtnl } from "../rtnl/rtnl.ts";
import { NetNamespace } from "../sys/namespace.ts";
import type { Connection } from "./connection.ts";
import { Conntrack } from "./conntrack.ts";
import type { ConntrackFilter } from "./filter.ts";
import { type TrackedConnection, track } from "./test-support.ts";

/** A client's connection to a published port: the host's address outside, the sandbox's inside. */
function published(
  client: string,
  host: string,
  sandbox: string,
  protocol: "tcp" | "udp" = "tcp",
): TrackedConnection {
  return {
    protocol,
    original: { source: client, sourcePort: 40000, destination: host, destinationPort: 8080 },
    reply: { source: sandbox, sourcePort: 80, destination: client, destinationPort: 40000 },
  };
}

/** A sandbox's connection to somewhere outside, masqueraded. */
function masqueraded(sandbox: string, host: string, server: string): TrackedConnection {
  return {
    protocol: "udp",
    original: { source: sandbox, sourcePort: 50000, destination: server, destinationPort: 53 },
    reply: { source: server, sourcePort: 53, destination: host, destinationPort: 50000 },
  };
}

const samples = [
  published("198.51.100.7", "203.0.113.1", "172.18.0.2"),
  published("198.51.100.8", "203.0.113.1", "172.18.0.2", "udp"),
  published("198.51.100.7", "203.0.113.1", "172.18.0.3", "udp"),
  masqueraded("172.18.0.2", "203.0.113.1", "192.0.2.53"),
  published("2001:db8::7", "2001:db8:1::1", "fd00::2"),
  masqueraded("fd00::2", "2001:db8:1::1", "2001:db8:53::53"),
];

/** A namespace that tracks the samples. */
class Tracked implements Disposable {
  readonly namespace = NetNamespace.create();
  readonly conntrack = new Conntrack(this.namespace);

  constructor(connections: readonly TrackedConnection[] = samples) {
    this.conntrack.execute(...connections.map(track));
  }

  [Symbol.dispose](): void {
    this.conntrack[Symbol.dispose]();
    this.namespace[Symbol.dispose]();
  }
}

const describeConnection = ({ original, reply }: Connection | TrackedConnection) =>
  `${original.source} > ${original.destination}, ${reply.source} > ${reply.destination}`;
const sorted = (connections: readonly (Connection | TrackedConnection)[]) =>
  connections.map(describeConnection).sort();

describe("conntrack", () => {
  checkLeaks();

  it("lists what is tracked, with all its numbers", () => {
    using host = new Tracked();
    assert.equal(host.conntrack.count(), samples.length);
    assert.deepEqual(sorted(host.conntrack.list()), sorted(samples));
    const [found] = host.conntrack.list({ replySource: "172.18.0.3" });
    const { identity, timeout, ...rest } = found ?? assert.fail("not listed");
    assert.ok(timeout > 590 && timeout <= 600, `${timeout} s`);
    assert.ok(identity.id !== undefined && identity.id > 0);
    assert.deepEqual(rest, {
      family: 4,
      protocol: 17,
      original: {
        source: "198.51.100.7",
        sourcePort: 40000,
        destination: "203.0.113.1",
        destinationPort: 8080,
      },
      reply: { source: "172.18.0.3", sourcePort: 80, destination: "198.51.100.7", destinationPort: 40000 },
      mark: 0,
      status: rest.status,
    });
  });

  it("chooses the same by one filter (sorted out by the kernel) and by that filter among others (by us)", () => {
    using host = new Tracked();
    const filters: ConntrackFilter[] = [
      { family: 6 },
      { protocol: "tcp" },
      { protocol: 17, family: 4 },
      { replySource: "172.18.0.2" },
      { replySource: "172.18.0.2", replySourcePort: 80 },
      { replySource: "172.18.0.2", protocol: "udp" },
      { replySource: "172.18.0.2", protocol: "udp", replySourcePort: 81 },
      { originalSource: "172.18.0.2" },
      { originalSource: "fd00::2", protocol: "udp", originalSourcePort: 50000 },
      { originalDestination: "203.0.113.1", originalDestinationPort: 8080 },
      { originalDestinationPort: 8080, protocol: "udp" },
      { replyDestination: "2001:db8::7", replyDestinationPort: 40000, protocol: "tcp" },
    ];
    const counts = filters.map((filter) => {
      const alone = sorted(host.conntrack.list(filter));
      assert.deepEqual(alone, sorted(host.conntrack.list(filter, { originalSource: "192.0.2.99" })));
      return alone.length;
    });
    assert.deepEqual(counts, [2, 2, 3, 2, 2, 1, 0, 1, 1, 3, 2, 1]);
  });

  it("deletes what any of the filters means and nothing else, in one pass", () => {
    using host = new Tracked();
    const deleted = host.conntrack.deleteMatching([
      { replySource: "172.18.0.2" },
      { originalSource: "172.18.0.2" },
      { replySource: "fd00::2", replySourcePort: 80, protocol: "tcp" },
      { replySource: "fd00::2", replySourcePort: 443, protocol: "tcp" },
    ]);
    assert.equal(deleted, 4);
    const left = samples.filter((_, index) => index === 2 || index === 5);
    assert.deepEqual(sorted(host.conntrack.list()), sorted(left));
    assert.equal(host.conntrack.deleteMatching([{ replySource: "172.18.0.2" }]), 0);
  });

  it("never takes a filter that asks for nothing for all connections", () => {
    using host = new Tracked();
    assert.throws(() => host.conntrack.deleteMatching([{}]), /must ask for something/);
    assert.equal(host.conntrack.deleteMatching([]), 0);
    assert.equal(host.conntrack.count(), samples.length);
  });

  it("agrees with a plain comparison, whatever the connections and the filters", () => {
    const address = fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3");
    const port = fc.integer({ min: 1, max: 3 });
    const flow = fc.record({
      source: address,
      sourcePort: port,
      destination: address,
      destinationPort: port,
    });
    const connections = fc.uniqueArray(
      fc.record({ protocol: fc.constantFrom("tcp" as const, "udp" as const), original: flow }),
      { minLength: 1, maxLength: 20, selector: (connection) => JSON.stringify(connection) },
    );
    const filter = fc
      .record(
        {
          protocol: fc.constantFrom("tcp" as const, "udp" as const),
          originalSource: address,
          originalSourcePort: port,
          originalDestination: address,
          originalDestinationPort: port,
        },
        { requiredKeys: [] },
      )
      .filter((fields) => Object.keys(fields).length > 0);
    fc.assert(
      fc.property(connections, fc.array(filter, { minLength: 1, maxLength: 5 }), (made, filters) => {
        // Every reply from an address of its own, so that no two connections share a tuple.
        const tracked = made.map((connection, number) => ({
          ...connection,
          reply: {
            source: "192.0.2.1",
            sourcePort: number + 1,
            destination: "192.0.2.2",
            destinationPort: 1,
          },
        }));
        using host = new Tracked(tracked);
        const wanted = tracked.filter(({ protocol, original }) =>
          filters.some(
            (asked) =>
              (asked.protocol ?? protocol) === protocol &&
              (asked.originalSource ?? original.source) === original.source &&
              (asked.originalSourcePort ?? original.sourcePort) === original.sourcePort &&
              (asked.originalDestination ?? original.destination) === original.destination &&
              (asked.originalDestinationPort ?? original.destinationPort) === original.destinationPort,
          ),
        );
        const ports = (list: readonly (Connection | TrackedConnection)[]) =>
          list.map(({ reply }) => reply.sourcePort).sort();
        assert.deepEqual(ports(host.conntrack.list(...filters)), ports(wanted));
      }),
      { numRuns: 30 },
    );
  });

  it("takes a subnet for all its addresses, whatever its length and wherever it stands", () => {
    using host = new Tracked();
    const filters: ConntrackFilter[] = [
      { replySource: "172.18.0.0/16" },
      { replySource: "172.18.0.2/31" },
      { replySource: "172.18.0.3/32" },
      { replySource: "172.18.0.0/31" },
      { originalSource: "198.51.100.0/29", protocol: "tcp" },
      { originalSource: "198.51.100.8/29" },
      { originalDestination: "203.0.113.77/24", originalDestinationPort: 8080 },
      { replyDestination: "2001:db8::/32" },
      { replyDestination: "2001:db8:1::/48" },
      { originalSource: "fd00::/7" },
      { originalSource: "0.0.0.0/0" },
      { originalSource: "::/0" },
      { originalSource: "198.51.100.0/24", replySource: "172.18.0.3" },
    ];
    const counts = filters.map((filter) => {
      const alone = sorted(host.conntrack.list(filter));
      assert.deepEqual(alone, sorted(host.conntrack.list(filter, { originalSource: "192.0.2.99" })));
      return alone.length;
    });
    assert.deepEqual(counts, [3, 3, 1, 0, 1, 1, 3, 2, 1, 1, 4, 2, 1]);
  });

  it("never takes an IPv4 address for one of an IPv6 subnet that begins with the same bytes", () => {
    // ac12:2::/32 is how 172.18.0.2 begins.
    const alike = published("2001:db8::9", "2001:db8:1::1", "ac12:2::1");
    using host = new Tracked([...samples, alike]);
    const inIpv6 = host.conntrack.list({ replySource: "ac12:2::/32" });
    assert.deepEqual(sorted(inIpv6), sorted([alike]));
    assert.equal(host.conntrack.list({ family: 4, replySource: "ac12:2::/32" }).length, 0);
    assert.equal(host.conntrack.list({ family: 6, replySource: "172.18.0.2/32" }).length, 0);
  });

  it("deletes by subnets and addresses together, in one pass", () => {
    using host = new Tracked();
    const deleted = host.conntrack.deleteMatching([
      { originalSource: "172.18.0.0/24" },
      { replySource: "172.18.0.3" },
      { replySource: "fd00::/64" },
      { originalSource: "fd00::/64" },
    ]);
    assert.equal(deleted, 4);
    assert.deepEqual(sorted(host.conntrack.list()), sorted(samples.slice(0, 2)));
  });

  it("says at a glance whether a pass would find nothing: never where it would find something", () => {
    const hasText = existsSync("/proc/net/nf_conntrack");
    using host = new Tracked();
    const asked = [
      "172.18.0.2",
      "172.18.0.0/16",
      "fd00::/64",
      "fd00::2",
      "172.18.0.4",
      "172.18.4.0/22",
      "fd01::/64",
      "::/1",
    ];
    for (const address of asked) {
      const filters: ConntrackFilter[] = [{ replySource: address }, { originalSource: address, family: 4 }];
      const found = host.conntrack.list(...filters).length > 0;
      assert.equal(host.conntrack.mayHave(filters), found || !hasText, address);
    }
    assert.ok(host.conntrack.mayHave([{ protocol: "tcp" }]));
    assert.throws(() => host.conntrack.mayHave([{}]), /must ask for something/);
    using empty = new Tracked([]);
    assert.equal(empty.conntrack.mayHave([{ originalSource: "0.0.0.0/0" }]), false);
  });

  it("looks at many by a pass only", () => {
    const many = Array.from({ length: 201 }, (_, number) =>
      published(`10.0.0.${number}`, "203.0.113.1", `10.0.1.${number}`),
    );
    using host = new Tracked(many);
    assert.ok(host.conntrack.mayHave([{ originalSource: "192.0.2.1" }]));
  });

  it("refuses what is neither an address nor a subnet", () => {
    using host = new Tracked();
    for (const replySource of ["", "172.18.0", "172.18.0.0/33", "fd00::/129", "172.18.0.0/", "1.2.3.4/8/8"]) {
      assert.throws(() => host.conntrack.list({ replySource }), TypeError, replySource);
    }
  });

  it("agrees with a plain comparison of bits, whatever the subnets", () => {
    const bits = (address: string) =>
      Array.from(ipToBytes(address), (byte) => byte.toString(2).padStart(8, "0")).join("");
    const lies = (address: string, subnet: string) => {
      const [first = "", length] = subnet.split("/");
      const [one, other] = [bits(address), bits(first)];
      return one.length === other.length && one.slice(0, Number(length)) === other.slice(0, Number(length));
    };
    // Few different bits, so that subnets are met and missed by a bit.
    const byte = fc.constantFrom(0, 1, 2, 127, 128, 255);
    const address4 = fc
      .tuple(fc.constant(10), byte, byte, byte)
      .map((bytes) => bytesToIp(Uint8Array.from(bytes)));
    const address6 = fc
      .tuple(byte, byte, byte)
      .map(([a, b, c]) => bytesToIp(Uint8Array.of(10, a, b, ...Array<number>(12).fill(0), c)));
    const [subnet4, subnet6] = [
      fc.tuple(address4, fc.integer({ min: 0, max: 32 })).map(([first, length]) => `${first}/${length}`),
      fc.tuple(address6, fc.integer({ min: 0, max: 128 })).map(([first, length]) => `${first}/${length}`),
    ];
    const connection = fc.oneof(
      fc.record({ source: address4, destination: address4 }),
      fc.record({ source: address6, destination: address6 }),
    );
    const subnet = fc.oneof(subnet4, subnet6);
    const filter = fc.oneof(
      fc.record({ originalSource: subnet }),
      fc.record({ originalDestination: subnet }),
      fc.record({ replySource: subnet }),
      fc.oneof(
        fc.record({ originalSource: subnet4, originalDestination: subnet4 }),
        fc.record({ originalSource: subnet6, originalDestination: subnet6 }),
      ),
    );
    const made = fc.array(connection, { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(made, fc.array(filter, { minLength: 1, maxLength: 5 }), (flows, filters) => {
        const tracked = flows.map(({ source, destination }, number): TrackedConnection => {
          // Ports of its own, so that no two connections share a tuple.
          const [sourcePort, destinationPort] = [number + 1, 1];
          return {
            protocol: "udp",
            original: { source, sourcePort, destination, destinationPort },
            reply: { source: destination, sourcePort: 1, destination: source, destinationPort: number + 1 },
          };
        });
        using host = new Tracked(tracked);
        const wanted = tracked.filter(({ original, reply }) =>
          filters.some((asked: ConntrackFilter) =>
            (
              [
                [original.source, asked.originalSource],
                [original.destination, asked.originalDestination],
                [reply.source, asked.replySource],
              ] as const
            ).every(([address, asks]) => asks === undefined || lies(address, asks)),
          ),
        );
        assert.deepEqual(sorted(host.conntrack.list(...filters)), sorted(wanted));
      }),
      { numRuns: 30 },
    );
  });

  it("sees what the kernel tracked by itself", async () => {
    using namespace = NetNamespace.create();
    using rtnl = new Rtnl(namespace);
    rtnl.execute(link.change({ name: "lo" }, { up: true }));
    using nft = new NftContext(namespace);
    // The kernel tracks where a rule asks for it.
    nft.run("table inet t { chain c { type filter hook input priority 0; ct state new accept; }; }");
    const sender = namespace.spawn("bash", ["-c", "echo hello > /dev/udp/127.0.0.1/5353"]);
    await once(sender, "exit");
    using conntrack = new Conntrack(namespace);
    const [found] = conntrack.list({ originalDestinationPort: 5353, protocol: "udp" });
    assert.equal(found?.reply.sourcePort, 5353);
    assert.equal(
      conntrack.deleteMatching([{ originalDestination: "127.0.0.1", originalDestinationPort: 5353 }]),
      1,
    );
    assert.equal(conntrack.count(), 0);
  });

  it("is cleared by the reaper too, off the main thread", async () => {
    using host = new Tracked();
    await using reaper = new Reaper(host.namespace);
    await Promise.all([
      reaper.forgetConnections([{ replySource: "172.18.0.2" }]),
      reaper.forgetConnections([{ family: 6 }]),
    ]);
    assert.equal(host.conntrack.count(), 2);
    await assert.rejects(reaper.forgetConnections([{}]), /must ask for something/);
  });
});
