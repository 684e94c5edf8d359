import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Peer } from "../../contracts/overlay.ts";
import { type Entry, type EntryKey, entriesOf, keyOf, keysOfOwn } from "./entries.ts";
import { difference, type EntryChange, PeerTable } from "./peer-table.ts";

function peer(endpoint: number, address: number, host: number): Peer {
  return {
    endpointId: `e${endpoint}`,
    networkId: "n",
    hostId: `h${host}`,
    hostAddress: `192.0.2.${host}`,
    mac: `02:42:0a:00:00:0${address}`,
    ipv4: `10.0.0.${address}`,
    names: [],
    ports: [],
  };
}

const own = (address: number) =>
  keysOfOwn({ mac: `02:42:0a:00:00:0${address}`, ipv4: `10.0.0.${address}/24`, ipv6: undefined });

/** As the kernel carries a change out. */
function carryOut(kernel: Map<EntryKey, Entry>, { remove, set }: EntryChange): void {
  for (const entry of remove) assert.ok(kernel.delete(keyOf(entry)), "what is removed is there");
  for (const entry of set) kernel.set(keyOf(entry), entry);
}

/** What there should be: of the peers in the order in which they were told, and the keys of this host's endpoints. */
function expected(told: ReadonlyMap<string, Peer>, held: ReadonlySet<EntryKey>): Map<EntryKey, Entry> {
  const entries = new Map([...told.values()].flatMap((one) => [...entriesOf(one)]));
  for (const key of held) entries.delete(key);
  return entries;
}

describe("the peers of a network", () => {
  it("leave their address to who was told after them, and have it again when that one goes", () => {
    const table = new PeerTable();
    table.put(peer(1, 5, 1));
    assert.equal(table.put(peer(2, 5, 2)).set.length, 1, "the MAC is behind another tunnel end");
    assert.deepEqual(table.remove("e1"), { remove: [], set: [] });
    table.put(peer(1, 5, 1));
    const { set } = table.remove("e1");
    assert.deepEqual(set, [{ kind: "mac", mac: "02:42:0a:00:00:05", hostAddress: "192.0.2.2" }]);
  });

  it("yield to an endpoint of this host while it is here", () => {
    const table = new PeerTable();
    table.put(peer(1, 5, 1));
    assert.equal(table.hold(own(5)).remove.length, 2);
    assert.deepEqual(table.put(peer(2, 5, 2)), { remove: [], set: [] });
    assert.equal(table.letGo(own(5)).set.length, 2);
  });

  it("tell nothing new of what was told already", () => {
    const table = new PeerTable();
    table.put(peer(1, 5, 1));
    assert.deepEqual(table.put(peer(1, 5, 1)), { remove: [], set: [] });
    assert.deepEqual(table.remove("e9"), { remove: [], set: [] });
  });

  it("change the kernel step by step to what it would be at once", () => {
    const small = fc.integer({ min: 1, max: 4 });
    const step = fc.oneof(
      fc.record({ do: fc.constant("put" as const), endpoint: small, address: small, host: small }),
      fc.record({ do: fc.constantFrom("remove" as const), endpoint: small }),
      fc.record({ do: fc.constantFrom("hold" as const, "letGo" as const), address: small }),
      fc.record({ do: fc.constant("settle" as const), all: fc.array(fc.tuple(small, small, small)) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const table = new PeerTable();
        const kernel = new Map<EntryKey, Entry>();
        const told = new Map<string, Peer>();
        const held = new Set<EntryKey>();
        const tell = (one: Peer) => {
          told.delete(one.endpointId);
          told.set(one.endpointId, one);
        };
        for (const one of steps) {
          if (one.do === "put") {
            const put = peer(one.endpoint, one.address, one.host);
            tell(put);
            carryOut(kernel, table.put(put));
          } else if (one.do === "remove") {
            told.delete(`e${one.endpoint}`);
            carryOut(kernel, table.remove(`e${one.endpoint}`));
          } else if (one.do === "settle") {
            const all = one.all.map(([endpoint, address, host]) => peer(endpoint, address, host));
            told.clear();
            all.forEach(tell);
            table.settle(all);
            carryOut(kernel, difference(new Map(kernel), table.entries()));
          } else {
            for (const key of own(one.address)) held[one.do === "hold" ? "add" : "delete"](key);
            carryOut(kernel, table[one.do](own(one.address)));
          }
          assert.deepEqual(new Map([...kernel].sort()), new Map([...expected(told, held)].sort()));
          assert.deepEqual(new Map([...kernel].sort()), new Map([...table.entries()].sort()));
        }
      }),
    );
  });
});
