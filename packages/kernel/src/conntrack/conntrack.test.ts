import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import fc from "fast-check";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
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
