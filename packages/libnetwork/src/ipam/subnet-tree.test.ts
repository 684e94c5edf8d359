import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Cidr, parseSubnet } from "../address/cidr.ts";
import { addressBits, IpAddress } from "../address/ip.ts";
import { AvoidedSubnets } from "./avoided-subnets.ts";
import { SubnetTree } from "./subnet-tree.ts";

/** The corner of each family in which the properties play: 10 bits of subnets. */
const corners = [parseSubnet("10.20.0.0/16"), parseSubnet("fd00:20::/56")];

function subnetsOf(corner: Cidr): fc.Arbitrary<Cidr> {
  return fc
    .tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 1023 }))
    .map(([extra, index]) => {
      const prefixLength = corner.prefixLength + extra;
      const shift = BigInt(addressBits(corner.family) - prefixLength);
      const start = corner.first.value + ((BigInt(index) % (1n << BigInt(extra))) << shift);
      return new Cidr(new IpAddress(corner.family, start), prefixLength);
    });
}

/** Every block of the corner in ascending order, tried one by one. */
function naiveFirstFree(
  taken: readonly Cidr[],
  range: Cidr,
  prefixLength: number,
  from: IpAddress,
): Cidr | undefined {
  const blocks = 1 << Math.max(0, prefixLength - range.prefixLength);
  for (let i = 0; i < blocks && prefixLength >= range.prefixLength; i++) {
    const step = 1n << BigInt(addressBits(range.family) - prefixLength);
    const block = new Cidr(range.first.plus(BigInt(i) * step), prefixLength);
    if (block.first.value >= from.value && !taken.some((subnet) => subnet.overlaps(block))) return block;
  }
  return undefined;
}

for (const corner of corners) {
  test(`IPv${corner.family}: overlaps and free subnets are those of a plain list`, () => {
    const subnet = subnetsOf(corner);
    const step = fc.record({ kind: fc.constantFrom("add", "add", "delete", "find"), subnet, other: subnet });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const tree = new SubnetTree(corner.family);
        let taken: readonly Cidr[] = [];
        for (const { kind, subnet, other } of steps) {
          const overlap = tree.overlapping(subnet);
          assert.equal(
            overlap !== undefined,
            taken.some((one) => one.overlaps(subnet)),
          );
          if (overlap !== undefined) assert.ok(overlap.overlaps(subnet) && taken.includes(overlap));
          if (kind === "add" && overlap === undefined) {
            tree.add(subnet);
            taken = [...taken, subnet];
          } else if (kind === "delete" && overlap !== undefined) {
            tree.delete(overlap);
            taken = taken.filter((one) => one !== overlap);
          } else if (kind === "find") {
            const size = other.prefixLength;
            const from = other.first;
            assert.equal(
              `${tree.firstFree(subnet, size, from)}`,
              `${naiveFirstFree(taken, subnet, size, from)}`,
              `first /${size} of ${subnet} from ${from} beside ${taken.join(" ")}`,
            );
          }
        }
        for (const one of taken) tree.delete(one);
        assert.equal(tree.overlapping(corner), undefined);
        assert.equal(`${tree.firstFree(corner, corner.prefixLength, corner.first)}`, `${corner}`);
      }),
    );
  });

  test(`IPv${corner.family}: the avoided subnet that is found is the highest of a plain list's`, () => {
    fc.assert(
      fc.property(fc.array(subnetsOf(corner), { maxLength: 30 }), subnetsOf(corner), (avoided, subnet) => {
        const found = new AvoidedSubnets(corner.family, avoided.map(String)).overlapping(subnet);
        const overlapping = avoided.filter((one) => one.overlaps(subnet));
        assert.equal(found !== undefined, overlapping.length > 0);
        if (found === undefined) return;
        assert.ok(overlapping.some((one) => one.equals(found)));
        assert.ok(overlapping.every((one) => one.last.value <= found.last.value));
      }),
    );
  });
}

test("avoided: host bits are cut, default routes and the other family do not matter", () => {
  const avoided = new AvoidedSubnets(4, ["10.20.3.4/16", "0.0.0.0/0", "::/0", "fd00::/8"]);
  assert.equal(`${avoided.overlapping(parseSubnet("10.20.255.0/24"))}`, "10.20.0.0/16");
  assert.equal(avoided.overlapping(parseSubnet("10.21.0.0/24")), undefined);
  const nameServer = new AvoidedSubnets(4, ["10.20.0.255/32"]);
  assert.equal(`${nameServer.overlapping(parseSubnet("10.20.0.0/24"))}`, "10.20.0.255/32");
  assert.throws(() => new AvoidedSubnets(4, ["default"]), { code: "invalid_subnet" });
});
