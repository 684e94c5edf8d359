import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { ClusterKey, TunnelEnd } from "../../../contracts/tunnel-keys.ts";
import { difference, type FoundState, type Knowledge, stateKey } from "./difference.ts";
import { guards, tunnelStates } from "./plan.ts";
import { lifeOf, readSpi, requestIdOf } from "./security-association.ts";

const port = 4793;

/** The generations that there are after so many rotations: two at first. */
function keysAfter(rotations: number): readonly ClusterKey[] {
  const last = rotations + 2;
  const first = Math.max(1, last - 2);
  return Array.from({ length: last - first + 1 }, (_, at) => ({
    generation: first + at,
    secret: new Uint8Array(32).fill((first + at) % 256),
  }));
}

const life = fc.integer({ min: 1, max: 0xbf_ffff });
const rotations = fc.nat(600);

/** Hosts of a cluster: addresses of one family, lives that differ. */
const ends = fc
  .tuple(fc.constantFrom("192.0.2.", "2001:db8::"), fc.uniqueArray(life, { minLength: 2, maxLength: 6 }))
  .map(([prefix, lives]) =>
    lives.map((one, at): TunnelEnd => ({ address: `${prefix}${at + 1}`, life: one })),
  );

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** What both hosts have to have alike. */
const shared = ({
  source,
  destination,
  spi,
  aead,
  sequence,
  selector,
}: ReturnType<typeof tunnelStates>[number]) => ({
  source,
  destination,
  spi,
  key: hex(aead.key),
  sequence,
  selector,
});

describe("states that a tunnel takes", () => {
  it("what one host sends by, the other has, also when one is a rotation behind", () => {
    fc.assert(
      fc.property(ends, rotations, fc.constantFrom(-1, 0, 1), ([a, b], base, lag) => {
        assert.ok(a !== undefined && b !== undefined);
        const own = tunnelStates({ ...a, port }, keysAfter(base + 1), b);
        const theirs = tunnelStates({ ...b, port }, keysAfter(base + 1 + lag), a);
        const [out, ...more] = own.filter(({ source }) => source === a.address);
        assert.ok(out !== undefined && more.length === 0, "out by one");
        const incoming = theirs.filter(({ source }) => source === a.address).map(shared);
        assert.deepEqual(
          incoming.filter(({ spi }) => spi === out.spi),
          [shared(out)],
        );
      }),
    );
  });

  it("has a key of its own for each direction, pair, life and generation, and SPIs that differ where they arrive", () => {
    fc.assert(
      fc.property(ends, rotations, (cluster, base) => {
        const byKey = new Map<string, string>();
        for (const self of cluster) {
          const spis = new Set<number>();
          for (const peer of cluster.filter((end) => end !== self)) {
            for (const state of tunnelStates({ ...self, port }, keysAfter(base), peer)) {
              const name = `${state.source} ${state.destination} ${state.spi}`;
              assert.equal(byKey.get(hex(state.aead.key)) ?? name, name);
              byKey.set(hex(state.aead.key), name);
              assert.ok(state.spi >= 256 && state.spi < 0xc000_0000);
              if (state.destination !== self.address) continue;
              assert.ok(!spis.has(state.spi));
              spis.add(state.spi);
            }
          }
        }
      }),
    );
  });

  it("is of no use to an earlier life of either host", () => {
    fc.assert(
      fc.property(ends, life, rotations, ([a, b], other, base) => {
        assert.ok(a !== undefined && b !== undefined);
        fc.pre(other !== b.life);
        const keysOf = (peer: TunnelEnd) =>
          tunnelStates({ ...a, port }, keysAfter(base), peer).map(({ aead }) => hex(aead.key));
        const before = new Set(keysOf(b));
        assert.ok(keysOf({ ...b, life: other }).every((key) => !before.has(key)));
      }),
    );
  });

  it("ours are told by their request id", () => {
    fc.assert(
      fc.property(life, fc.nat(0xffff_ffff), (own, anybodys) => {
        assert.equal(lifeOf(requestIdOf(own)), own);
        if (anybodys >>> 24 !== 0x43) assert.equal(lifeOf(anybodys), undefined);
      }),
    );
    const [out, into] = guards({ address: "2001:db8::1", life: 0xabc, port });
    assert.deepEqual(out?.templates, [{ requestId: 0x4300_0abc }]);
    assert.deepEqual(into?.selector, { family: 6, protocol: 17, destinationPort: port });
  });
});

/** A kernel's states, a host's knowledge, and what a host does with them. */
class Host {
  readonly kernel = new Map<string, FoundState>();
  /** Keys that packets have been counted under. */
  readonly made = new Set<string>();
  readonly ends = new Map<string, number>();
  readonly tunnels = new Set<string>();
  self: TunnelEnd = { address: "192.0.2.1", life: 1 };
  rotations = 0;

  difference() {
    const keys = keysAfter(this.rotations);
    const wanted = [...this.tunnels].flatMap((address) => {
      const peerLife = this.ends.get(address);
      return peerLife === undefined
        ? []
        : tunnelStates({ ...this.self, port }, keys, { address, life: peerLife });
    });
    const knowledge: Knowledge = { self: this.self, keys, lifeAt: (address) => this.ends.get(address) };
    return { ...difference(this.kernel.values(), wanted, knowledge), wanted };
  }

  /** @param most so many requests are made before a kill */
  apply(most: number): void {
    let left = most;
    const { remove, add } = this.difference();
    for (const state of remove) if (left-- > 0) this.kernel.delete(stateKey(state));
    for (const state of add) {
      if (left-- <= 0) return;
      const key = hex(state.aead.key);
      assert.ok(!this.kernel.has(stateKey(state)), "EEXIST");
      assert.ok(!this.made.has(key), "packets would be counted twice under one key");
      this.made.add(key);
      this.kernel.set(stateKey(state), state);
    }
  }
}

type Step =
  | { readonly rotate: number }
  | { readonly tunnel: string; readonly on: boolean }
  | { readonly host: string }
  | { readonly ownLife: true };

const address = fc.integer({ min: 2, max: 4 }).map((last) => `192.0.2.${last}`);
const steps = fc.array(
  fc.tuple(
    fc.oneof(
      fc.record({ rotate: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ tunnel: address, on: fc.boolean() }),
      fc.record({ host: address }),
      fc.record({ ownLife: fc.constant(true as const) }),
    ),
    fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat(6)),
  ),
  { maxLength: 30 },
);

describe("states that there are", () => {
  it("become those that must be, over kills at any request, and never twice under one key", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const host = new Host();
        let lives = 1;
        const take = (step: Step) => {
          if ("rotate" in step) host.rotations += step.rotate;
          else if ("host" in step) host.ends.set(step.host, ++lives);
          else if ("ownLife" in step) host.self = { ...host.self, life: ++lives };
          else if (step.on) host.tunnels.add(step.tunnel);
          else host.tunnels.delete(step.tunnel);
        };
        for (const [step, most] of list) {
          take(step);
          host.apply(most);
        }
        host.apply(Number.POSITIVE_INFINITY);
        const { remove, add, wanted } = host.difference();
        assert.deepEqual([remove, add], [[], []]);
        for (const state of wanted) assert.deepEqual(host.kernel.get(stateKey(state)), state);
        const generations = new Set(keysAfter(host.rotations).map(({ generation }) => generation & 0xff));
        for (const state of host.kernel.values()) {
          assert.equal(lifeOf(state.requestId), host.self.life);
          assert.ok(generations.has(readSpi(state.spi).generation));
        }
      }),
    );
  });
});
