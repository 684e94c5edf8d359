import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseSubnet } from "../address/cidr.ts";
import { type IpAddress, parseIp } from "../address/ip.ts";
import { CausewayError } from "../errors.ts";
import { AddressPool } from "./address-pool.ts";

const open = (subnet: string, subPool?: string): AddressPool =>
  new AddressPool(parseSubnet(subnet), subPool === undefined ? undefined : parseSubnet(subPool));

const takeAll = (pool: AddressPool): string[] => {
  const size = Number(pool.status().size);
  const taken = Array.from({ length: size }, () => pool.takeNext().toString());
  assert.throws(() => pool.takeNext(), { code: "no_free_address" });
  assert.throws(() => pool.takeLowest(), { code: "no_free_address" });
  return taken;
};

test("what the smallest subnets hold", () => {
  assert.deepEqual(takeAll(open("10.0.0.4/30")), ["10.0.0.5", "10.0.0.6"]);
  assert.deepEqual(takeAll(open("10.0.0.4/31")), ["10.0.0.4", "10.0.0.5"]);
  assert.deepEqual(takeAll(open("fd00::4/126")), ["fd00::5", "fd00::6", "fd00::7"]);
  assert.deepEqual(takeAll(open("fd00::4/127")), ["fd00::4", "fd00::5"]);
  assert.deepEqual(takeAll(open("10.0.0.0/24", "10.0.0.0/32")), []);
  assert.deepEqual(takeAll(open("10.0.0.0/24", "10.0.0.9/32")), ["10.0.0.9"]);
});

test("both addresses of a point-to-point link can be had by name", () => {
  const pool = open("10.0.0.4/31");
  assert.equal(pool.take(parseIp("10.0.0.4")).toString(), "10.0.0.4");
  assert.equal(pool.takeLowest().toString(), "10.0.0.5");
});

test("the largest pools: /8, /64, /48 and wider", () => {
  for (const subnet of ["10.0.0.0/8", "fd00::/64", "fd00::/48", "fc00::/7"]) {
    const pool = open(subnet);
    const { first, last } = parseSubnet(subnet);
    assert.equal(pool.takeNext().value, first.value + 1n);
    const top = last.plus(-1n);
    pool.takeAgain(top);
    if (top.family === 6) assert.equal(pool.takeNext().value, last.value);
    assert.equal(pool.takeNext().value, first.value + 2n, "the turn wraps round");
    pool.release(top);
    assert.equal(pool.status().used, top.family === 6 ? 3n : 2n);
  }
});

test("an address replayed from outside the sub-pool does not widen it", () => {
  const pool = open("10.0.0.0/24", "10.0.0.8/31");
  pool.takeAgain(parseIp("10.0.0.200"));
  assert.deepEqual(takeAll(pool), ["10.0.0.8", "10.0.0.9"]);
});

test("the lowest is had, wherever the turn is", () => {
  const pool = open("10.0.0.0/24");
  takeSome(pool, 3);
  pool.release(parseIp("10.0.0.1"));
  assert.equal(pool.takeLowest().toString(), "10.0.0.1");
  assert.equal(pool.takeNext().toString(), "10.0.0.4");
});

test("a freed address waits for its turn", () => {
  const pool = open("10.0.0.0/29");
  for (let i = 0; i < 3; i++) pool.takeNext();
  pool.release(parseIp("10.0.0.2"));
  assert.deepEqual(takeSome(pool, 4), ["10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.2"]);
});

function takeSome(pool: AddressPool, count: number): string[] {
  return Array.from({ length: count }, () => pool.takeNext().toString());
}

/** The same rules over plain data, each answer found by walking. */
class PlainPool {
  readonly used = new Set<bigint>();
  readonly #first: bigint;
  readonly #last: bigint;
  readonly #low: bigint;
  readonly #high: bigint;
  readonly #reserved: ReadonlySet<bigint>;

  constructor(subnet: string, range: string) {
    const { family, hostBits, first, last } = parseSubnet(subnet);
    this.#low = first.value;
    this.#high = last.value;
    this.#first = parseSubnet(range).first.value;
    this.#last = parseSubnet(range).last.value;
    this.#reserved = new Set(hostBits < 2 ? [] : family === 4 ? [first.value, last.value] : [first.value]);
  }

  /** What may be handed out automatically now. */
  free(): bigint[] {
    const values: bigint[] = [];
    for (let value = this.#first; value <= this.#last; value++) {
      if (!this.used.has(value) && !this.#reserved.has(value)) values.push(value);
    }
    return values;
  }

  refusal(value: bigint): string | undefined {
    if (value < this.#low || value > this.#high) return "address_out_of_range";
    if (this.#reserved.has(value)) return "address_reserved";
    return this.used.has(value) ? "address_in_use" : undefined;
  }
}

const layouts: readonly (readonly [string, string])[] = [
  ["10.0.0.0/24", "10.0.0.0/24"],
  ["10.0.0.0/24", "10.0.0.64/27"],
  ["10.0.0.0/28", "10.0.0.8/29"],
  ["10.0.0.0/29", "10.0.0.0/29"],
  ["10.0.0.0/30", "10.0.0.0/30"],
  ["10.0.0.0/31", "10.0.0.0/31"],
  ["fd00::/120", "fd00::/120"],
  ["fd00::/64", "fd00::ffff:ffff:0:40/122"],
  ["fd00::/126", "fd00::/126"],
  ["fd00::/127", "fd00::/127"],
];

for (const [subnet, range] of layouts) {
  test(`${subnet}, from ${range}: any sequence agrees with a plain set`, () => {
    const start = parseSubnet(range).first;
    const kind = fc.constantFrom("next", "next", "next", "lowest", "take", "again", "release", "release");
    const step = fc.record({ kind, distance: fc.integer({ min: -3, max: 70 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const pool = new AddressPool(parseSubnet(subnet), parseSubnet(range));
        const plain = new PlainPool(subnet, range);
        let freed: bigint | undefined;
        for (const { kind, distance } of steps) {
          const address = start.plus(BigInt(distance));
          if (kind === "next" || kind === "lowest") {
            const free = plain.free();
            const got = attempt(() => (kind === "next" ? pool.takeNext() : pool.takeLowest()));
            if (typeof got === "string") assert.deepEqual([got, free], ["no_free_address", []]);
            else assert.ok(free.includes(got.value));
            if (typeof got === "string") continue;
            if (kind === "lowest") assert.equal(got.value, free[0]);
            else if (free.length > 1) assert.notEqual(got.value, freed, "freed just before");
            plain.used.add(got.value);
          } else if (kind === "release") {
            const refused = plain.refusal(address.value);
            const got = attempt(() => pool.release(address));
            assert.equal(got, refused === "address_in_use" ? undefined : refused);
            if (plain.used.delete(address.value)) freed = address.value;
          } else {
            const got = attempt(() => (kind === "take" ? pool.take(address) : pool.takeAgain(address)));
            const refused = plain.refusal(address.value);
            if (refused === undefined) plain.used.add(address.value);
            assert.equal(typeof got === "string" ? got : got.value, refused ?? address.value);
          }
          if (kind !== "release") freed = undefined;
          assert.equal(pool.status().size - pool.status().used, BigInt(plain.free().length));
        }
      }),
    );
  });
}

function attempt<T>(action: () => T): T | string {
  try {
    return action();
  } catch (error) {
    assert.ok(error instanceof CausewayError);
    return error.code;
  }
}

test("a million addresses: handed out once each in order, freed and found again", () => {
  const pool = open("10.0.0.0/12");
  const first = parseIp("10.0.0.0");
  const at = (distance: number): IpAddress => first.plus(BigInt(distance));
  const size = 2 ** 20 - 2;
  for (let i = 1; i <= size; i++) {
    if (pool.takeNext().value !== first.value + BigInt(i)) assert.fail(`address ${i} is out of turn`);
  }
  assert.deepEqual(pool.status(), { pool: "10.0.0.0/12", size: BigInt(size), used: BigInt(size) });
  assert.throws(() => pool.takeNext(), { code: "no_free_address" });

  const freed = Array.from({ length: 10_000 }, (_, i) => 1 + ((i * 104_729) % size));
  for (const distance of freed) pool.release(at(distance));
  assert.equal(pool.status().used, BigInt(size - freed.length));
  assert.throws(() => pool.take(at(2)), { code: "address_in_use" });
  const found = freed.map(() => Number(pool.takeNext().value - first.value));
  assert.deepEqual(
    found.toSorted((a, b) => a - b),
    freed.toSorted((a, b) => a - b),
  );
  assert.throws(() => pool.takeNext(), { code: "no_free_address" });

  for (let i = size; i >= 1; i--) pool.release(at(i));
  assert.equal(pool.status().used, 0n);
  assert.equal(pool.takeLowest().toString(), "10.0.0.1");
});
