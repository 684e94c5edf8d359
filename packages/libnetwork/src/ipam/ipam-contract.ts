/**
 * The contract suite of {@link Ipam}: every IPAM passes it, built-in or not. Call {@link ipamContract} in a test file.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Cidr, parseCidr } from "../address/cidr.ts";
import { parseIp } from "../address/ip.ts";
import {
  gatewayAddressType,
  type Ipam,
  type Pool,
  type PoolRequest,
  replayedAddressType,
  requestAddressType,
} from "../contracts/ipam.ts";

export interface IpamUnderTest {
  /** A new IPAM that shares nothing with those made before. */
  readonly create: () => Ipam | Promise<Ipam>;
  /** Whether it hands out addresses; if not, pools and leases are empty. */
  readonly handsOutAddresses: boolean;
  /** The code of every refusal, where a plugin refuses: it has words only. */
  readonly refusesWith?: string;
}

/** Declares the tests. */
export function ipamContract(title: string, subject: IpamUnderTest): void {
  describe(`${title} keeps the IPAM contract`, () => {
    declareCommonTests(subject);
    if (subject.handsOutAddresses) {
      declarePoolTests(subject);
      declareAddressTests(subject);
    } else {
      declareEmptyTests(subject);
    }
  });
}

/** A request in the IPAM's own local space. */
async function inLocalSpace(ipam: Ipam, request: Partial<PoolRequest> = {}): Promise<PoolRequest> {
  return { addressSpace: (await ipam.defaultAddressSpaces()).local, v6: false, ...request };
}

async function openPool(ipam: Ipam, request: Partial<PoolRequest> = {}): Promise<Pool> {
  return ipam.requestPool(await inLocalSpace(ipam, request));
}

async function lease(ipam: Ipam, poolId: string, address?: string, type?: string): Promise<Cidr> {
  const answer = await ipam.requestAddress({
    poolId,
    ...(address === undefined ? {} : { address }),
    ...(type === undefined ? {} : { options: { [requestAddressType]: type } }),
  });
  return parseCidr(answer.address);
}

type Refusal = (action: () => unknown, code: string) => Promise<void>;

/** Rejects like a promise even where the IPAM answers, or throws, at once. */
function refusalOf({ refusesWith }: IpamUnderTest): Refusal {
  return (action, code) => assert.rejects(async () => action(), { code: refusesWith ?? code });
}

function declareCommonTests(subject: IpamUnderTest): void {
  const { create } = subject;
  const refusal = refusalOf(subject);
  test("says who it is", async () => {
    const ipam = await create();
    assert.match(ipam.name, /^[a-z0-9._-]+$/);
    assert.equal(typeof ipam.capabilities.requiresMacAddress, "boolean");
    assert.equal(typeof ipam.capabilities.requiresRequestReplay, "boolean");
    const spaces = await ipam.defaultAddressSpaces();
    assert.ok(spaces.local !== "" && spaces.global !== "");
  });

  test("refuses an address space that it does not have", async () => {
    const ipam = await create();
    await refusal(() => ipam.requestPool({ addressSpace: "nowhere", v6: false }), "address_space_not_found");
  });

  test("refuses a pool that it does not have", async () => {
    const ipam = await create();
    await refusal(() => ipam.releasePool("no/such/pool"), "pool_not_found");
    await refusal(() => ipam.requestAddress({ poolId: "no/such/pool" }), "pool_not_found");
    await refusal(() => ipam.releaseAddress("no/such/pool", "172.30.0.2"), "pool_not_found");
    assert.equal(ipam.status("no/such/pool"), undefined);
  });
}

function declarePoolTests(subject: IpamUnderTest): void {
  const { create } = subject;
  const refusal = refusalOf(subject);
  for (const [family, v6] of [
    ["IPv4", false],
    ["IPv6", true],
  ] as const) {
    test(`automatic ${family} pools do not overlap`, async () => {
      const ipam = await create();
      const first = parseCidr((await openPool(ipam, { v6 })).pool);
      const second = parseCidr((await openPool(ipam, { v6 })).pool);
      assert.ok(first.isSubnet && second.isSubnet);
      assert.equal(first.family, v6 ? 6 : 4);
      assert.ok(!first.overlaps(second));
    });
  }

  test("a pool that is asked for by name is that pool, once", async () => {
    const ipam = await create();
    const { poolId, pool } = await openPool(ipam, { pool: "172.30.0.0/24" });
    assert.equal(pool, "172.30.0.0/24");
    for (const taken of ["172.30.0.0/24", "172.30.0.0/16", "172.30.0.128/25"]) {
      await refusal(() => openPool(ipam, { pool: taken }), "pool_overlap");
    }
    await ipam.releasePool(poolId);
    await refusal(() => ipam.requestAddress({ poolId }), "pool_not_found");
    assert.equal((await openPool(ipam, { pool: "172.30.0.0/24" })).poolId, poolId);
  });

  test("subnets that are malformed are refused", async () => {
    const ipam = await create();
    await refusal(() => openPool(ipam, { pool: "172.30.0.0" }), "invalid_subnet");
    await refusal(() => openPool(ipam, { pool: "172.30.0.1/24" }), "subnet_host_bits");
    await refusal(() => openPool(ipam, { pool: "fd00::/64" }), "invalid_subnet");
    await refusal(() => openPool(ipam, { pool: "172.30.0.0/32" }), "subnet_too_small");
  });
}

function declareAddressTests(subject: IpamUnderTest): void {
  const { create } = subject;
  const refusal = refusalOf(subject);
  for (const [pool, v6] of [
    ["172.30.0.0/29", false],
    ["fd00:30::/125", true],
  ] as const) {
    test(`${pool} hands out every address once, and then says so`, async () => {
      const ipam = await create();
      const { poolId } = await openPool(ipam, { pool, v6 });
      const size = Number(ipam.status(poolId)?.size ?? (v6 ? 7 : 6));
      const leases = new Set<string>();
      for (let i = 0; i < size; i++) {
        const address = await lease(ipam, poolId);
        assert.equal(address.subnet.toString(), pool);
        leases.add(address.toString());
      }
      assert.equal(leases.size, size);
      await refusal(() => ipam.requestAddress({ poolId }), "no_free_address");
    });

    test(`${pool}: an exact address is had once, and again after its release`, async () => {
      const ipam = await create();
      const { poolId } = await openPool(ipam, { pool, v6 });
      const address = parseCidr(pool).first.plus(5n).toString();
      assert.equal((await lease(ipam, poolId, address)).address.toString(), address);
      await refusal(() => lease(ipam, poolId, address), "address_in_use");
      await ipam.releaseAddress(poolId, address);
      assert.equal((await lease(ipam, poolId, address)).address.toString(), address);
      const outside = parseCidr(pool).last.plus(1n).toString();
      await refusal(() => lease(ipam, poolId, outside), "address_out_of_range");
      await refusal(() => lease(ipam, poolId, "not an address"), "invalid_address");
    });
  }

  test("a gateway is an address of the pool that nobody else gets", async () => {
    const ipam = await create();
    const { poolId, pool } = await openPool(ipam);
    const gateway = await lease(ipam, poolId, undefined, gatewayAddressType);
    assert.ok(parseCidr(pool).contains(gateway.address));
    assert.ok(!(await lease(ipam, poolId)).equals(gateway));
    await refusal(() => lease(ipam, poolId, gateway.address.toString()), "address_in_use");
  });

  test("a freed address is not the next to be handed out", async () => {
    const ipam = await create();
    const { poolId } = await openPool(ipam, { pool: "172.30.0.0/24" });
    const freed = await lease(ipam, poolId);
    await ipam.releaseAddress(poolId, freed.address.toString());
    assert.ok(!(await lease(ipam, poolId)).equals(freed));
  });

  test("the same calls bring another IPAM to the same state", async () => {
    const before = await create();
    const { poolId, pool } = await openPool(before);
    const gateway = (await lease(before, poolId, undefined, gatewayAddressType)).address.toString();
    const endpoint = (await lease(before, poolId)).address.toString();

    const after = await create();
    const replayed = await openPool(after, { pool });
    assert.deepEqual(replayed, { poolId, pool });
    await lease(after, poolId, gateway, gatewayAddressType);
    await lease(after, poolId, endpoint, replayedAddressType);
    for (const address of [gateway, endpoint]) {
      await refusal(() => lease(after, poolId, address), "address_in_use");
    }
    assert.deepEqual(after.status(poolId), before.status(poolId));
  });

  test("status counts what is in use", async () => {
    const ipam = await create();
    const { poolId } = await openPool(ipam, { pool: "172.30.0.0/24" });
    const empty = ipam.status(poolId);
    if (empty === undefined) return; // The contract allows an IPAM that cannot tell.
    assert.deepEqual(empty, { pool: "172.30.0.0/24", size: 254n, used: 0n });
    const address = (await lease(ipam, poolId)).address.toString();
    assert.equal(ipam.status(poolId)?.used, 1n);
    await ipam.releaseAddress(poolId, address);
    assert.equal(ipam.status(poolId)?.used, 0n);
  });

  test("releasing twice is no error, but a foreign address is", async () => {
    const ipam = await create();
    const { poolId } = await openPool(ipam, { pool: "172.30.0.0/24" });
    const address = parseIp("172.30.0.9").toString();
    await lease(ipam, poolId, address);
    await ipam.releaseAddress(poolId, address);
    await ipam.releaseAddress(poolId, address);
    await refusal(() => ipam.releaseAddress(poolId, "172.31.0.9"), "address_out_of_range");
  });
}

function declareEmptyTests({ create }: IpamUnderTest): void {
  test("every network gets an empty pool and empty leases", async () => {
    const ipam = await create();
    for (const v6 of [false, true]) {
      const { poolId, pool } = await openPool(ipam, { v6 });
      assert.equal(pool, "");
      assert.equal((await ipam.requestAddress({ poolId })).address, "");
      assert.equal((await ipam.requestAddress({ poolId })).address, "");
      await ipam.releaseAddress(poolId, "");
      await ipam.releasePool(poolId);
      assert.equal(ipam.status(poolId), undefined);
    }
  });

  test("a subnet or an address of one's own is refused", async () => {
    const ipam = await create();
    const { poolId } = await openPool(ipam);
    await assert.rejects(openPool(ipam, { pool: "172.30.0.0/24" }), { kind: "invalid" });
    await assert.rejects(openPool(ipam, { subPool: "172.30.0.0/25" }), { kind: "invalid" });
    await assert.rejects(async () => ipam.requestAddress({ poolId, address: "172.30.0.2" }), {
      kind: "invalid",
    });
  });
}
