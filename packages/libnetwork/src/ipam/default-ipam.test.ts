import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCidr, parseSubnet } from "../address/cidr.ts";
import { gatewayAddressType, replayedAddressType, requestAddressType } from "../contracts/ipam.ts";
import { DefaultIpam, type DefaultIpamOptions } from "./default-ipam.ts";
import { ipamContract } from "./ipam-contract.ts";

const newIpam = (options: Partial<DefaultIpamOptions> = {}): DefaultIpam =>
  new DefaultIpam({ seed: "test", ...options });
const local = { addressSpace: "local", v6: false } as const;
const local6 = { addressSpace: "local", v6: true } as const;

ipamContract("DefaultIpam", { create: () => newIpam(), handsOutAddresses: true });

test("automatic pools begin with Docker's and go on", () => {
  const ipam = newIpam();
  const pools = Array.from({ length: 33 }, () => ipam.requestPool(local).pool);
  assert.deepEqual(
    pools.slice(0, 15),
    Array.from({ length: 15 }, (_, i) => `172.${17 + i}.0.0/16`),
  );
  assert.deepEqual(
    pools.slice(15, 31),
    Array.from({ length: 16 }, (_, i) => `192.168.${16 * i}.0/20`),
  );
  assert.deepEqual(pools.slice(31), ["10.112.0.0/24", "10.112.1.0/24"]);
});

test("the default set does not run out: 5,000 networks of each family", () => {
  const ipam = newIpam();
  for (const request of [local, local6]) {
    const pools = Array.from({ length: 5000 }, () => parseSubnet(ipam.requestPool(request).pool));
    const ends = pools
      .map((pool) => ({ first: pool.first.value, last: pool.last.value }))
      .sort((a, b) => (a.first < b.first ? -1 : 1));
    assert.ok(ends.every((pool, i) => i === 0 || pool.first > (ends[i - 1]?.last ?? 0n)));
  }
});

test("a released automatic pool is found again", () => {
  const ipam = newIpam();
  const [, second] = [ipam.requestPool(local), ipam.requestPool(local), ipam.requestPool(local)];
  ipam.releasePool(second?.poolId ?? "");
  assert.equal(ipam.requestPool(local).pool, second?.pool);
});

test("automatic pools keep away from what is to be avoided and from named pools", () => {
  const ipam = newIpam();
  ipam.requestPool({ ...local, pool: "172.18.4.0/24" });
  const avoid = ["172.17.9.9/32", "172.16.0.0/14", "0.0.0.0/0", "fd00::/8", "172.20.1.1/20", "172.21.0.0/16"];
  assert.equal(ipam.requestPool({ ...local, avoid }).pool, "172.22.0.0/16");
  // What is named is had, route or no route: whether that is wise is for the caller to judge.
  assert.equal(ipam.requestPool({ ...local, pool: "172.20.0.0/16", avoid }).pool, "172.20.0.0/16");
  assert.throws(() => ipam.requestPool({ ...local, avoid: ["172.17.0.0"] }), { code: "invalid_subnet" });
});

test("when all is taken or avoided the error says where it looked", () => {
  const ipam = newIpam({ defaultPools: { local: [{ base: "10.9.0.0/23", size: 24 }] } });
  ipam.requestPool({ ...local, avoid: ["10.9.0.0/25"] });
  assert.throws(() => ipam.requestPool({ ...local, avoid: ["10.9.0.0/25"] }), {
    code: "no_free_pool",
    kind: "unavailable",
    message: /no IPv4 subnet is free in 10\.9\.0\.0\/23/,
  });
  assert.equal(ipam.requestPool(local).pool, "10.9.0.0/24");
  assert.throws(() => newIpam().requestPool({ ...local, avoid: ["0.0.0.0/1", "128.0.0.0/1"] }), {
    code: "no_free_pool",
  });
});

test("0.0.0.0/24 asks for any /24, ::/72 for any /72", () => {
  const ipam = newIpam();
  const pools = Array.from({ length: 300 }, () => ipam.requestPool({ ...local, pool: "0.0.0.0/24" }).pool);
  assert.equal(new Set(pools).size, 300);
  assert.deepEqual([pools[0], pools[1], pools[256]], ["172.17.0.0/24", "172.17.1.0/24", "172.18.0.0/24"]);
  assert.equal(parseCidr(ipam.requestPool({ ...local6, pool: "::/72" }).pool).prefixLength, 72);
  assert.equal(ipam.requestPool({ ...local, pool: "0.0.0.0/31" }).pool, "172.18.44.0/31");
  assert.equal(ipam.requestPool({ ...local, pool: "0.0.0.0/9" }).pool, "10.0.0.0/9");
  assert.throws(() => ipam.requestPool({ ...local, pool: "0.0.0.0/7" }), {
    code: "no_free_pool",
    message: /size \/7/,
  });
  assert.throws(() => ipam.requestPool({ ...local, pool: "0.0.0.0/32" }), { code: "subnet_too_small" });
});

test("default pools can be configured, family by family", () => {
  const ipam = newIpam({
    defaultPools: {
      local: [
        { base: "10.200.0.0/30", size: 31 },
        { base: "10.201.0.0/16", size: 16 },
      ],
      global: [{ base: "fd12:3456:789a::/48", size: 56 }],
    },
  });
  const pools = Array.from({ length: 3 }, () => ipam.requestPool(local).pool);
  assert.deepEqual(pools, ["10.200.0.0/31", "10.200.0.2/31", "10.201.0.0/16"]);
  assert.throws(() => ipam.requestPool(local), { code: "no_free_pool" });
  assert.match(ipam.requestPool(local6).pool, /^fd.*::\/64$/);
  assert.equal(ipam.requestPool({ addressSpace: "global", v6: true }).pool, "fd12:3456:789a::/56");
  assert.equal(ipam.requestPool({ addressSpace: "global", v6: false }).pool, "10.0.0.0/24");
});

test("default pools that cannot be are refused", () => {
  const withPool = (base: string, size: number) => () =>
    newIpam({ defaultPools: { local: [{ base, size }] } });
  assert.throws(withPool("10.0.0.0/16", 8), { code: "invalid_default_pool", message: /from 16 to 31/ });
  assert.throws(withPool("10.0.0.0/16", 32), { code: "invalid_default_pool" });
  assert.throws(withPool("10.0.0.0/16", 24.5), { code: "invalid_default_pool" });
  assert.throws(withPool("10.0.0.1/16", 24), { code: "subnet_host_bits" });
  assert.throws(withPool("10.0.0.0", 24), { code: "invalid_subnet" });
});

test("automatic IPv6 pools are /64s of one unique local /48, the same for the same seed", () => {
  const prefix = (seed: string, addressSpace = "local") =>
    parseCidr(new DefaultIpam({ seed }).requestPool({ addressSpace, v6: true }).pool);
  const subnet = prefix("a");
  assert.equal(subnet.prefixLength, 64);
  assert.equal(subnet.address.bytes()[0], 0xfd);
  assert.ok(prefix("a").equals(subnet));
  assert.ok(!prefix("b").equals(subnet));
  assert.ok(!prefix("a", "global").equals(subnet));
  const ipam = new DefaultIpam({ seed: "a" });
  const pools = Array.from({ length: 3 }, () => parseCidr(ipam.requestPool(local6).pool));
  assert.deepEqual(
    pools.map((pool) => pool.address.value - subnet.address.value),
    [0n, 1n << 64n, 2n << 64n],
  );
});

test("pools in different address spaces and families may overlap", () => {
  const ipam = newIpam();
  const pool = "10.5.0.0/16";
  assert.equal(ipam.requestPool({ ...local, pool }).poolId, "local/10.5.0.0/16");
  assert.equal(ipam.requestPool({ addressSpace: "global", v6: false, pool }).poolId, "global/10.5.0.0/16");
});

test("an overlap names both pools", () => {
  const ipam = newIpam();
  ipam.requestPool({ ...local, pool: "172.30.4.0/24" });
  assert.throws(() => ipam.requestPool({ ...local, pool: "172.30.0.0/16" }), {
    code: "pool_overlap",
    kind: "conflict",
    message: /172\.30\.0\.0\/16 overlaps pool 172\.30\.4\.0\/24 of the local address space/,
    detail: { pool: "172.30.0.0/16", overlaps: "172.30.4.0/24" },
  });
});

test("subnets that no sandbox can use are refused", () => {
  const ipam = newIpam();
  for (const pool of ["224.1.0.0/16", "127.0.0.0/8", "0.1.0.0/16", "255.255.255.0/24", "128.0.0.0/1"]) {
    assert.throws(() => ipam.requestPool({ ...local, pool }), { code: "unusable_subnet" }, pool);
  }
  for (const pool of [
    "ff02::/64",
    "8000::/1",
    "::ffff:0:0/96",
    "::ffff:172.30.0.0/112",
    "::172.30.0.0/112",
    "::2/127",
  ]) {
    assert.throws(() => ipam.requestPool({ ...local6, pool }), { code: "unusable_subnet" }, pool);
  }
});

test("automatic addresses come from the sub-pool, exact ones from anywhere in the pool", () => {
  const ipam = newIpam();
  const { poolId } = ipam.requestPool({ ...local, pool: "172.30.0.0/16", subPool: "172.30.4.0/30" });
  assert.equal(poolId, "local/172.30.0.0/16/172.30.4.0/30");
  const gateway = ipam.requestAddress({
    poolId,
    address: "172.30.0.1",
    options: { [requestAddressType]: gatewayAddressType },
  });
  assert.equal(gateway.address, "172.30.0.1/16");
  ipam.requestAddress({ poolId, address: "172.30.4.1" });
  const rest = Array.from({ length: 3 }, () => ipam.requestAddress({ poolId }).address);
  assert.deepEqual(rest, ["172.30.4.0/16", "172.30.4.2/16", "172.30.4.3/16"]);
  assert.deepEqual(ipam.status(poolId), { pool: "172.30.0.0/16", size: 4n, used: 4n });
  assert.throws(() => ipam.requestAddress({ poolId }), {
    code: "no_free_address",
    message: /172\.30\.4\.0\/30, the sub-pool of 172\.30\.0\.0\/16: 4 of 4/,
  });
  assert.equal(ipam.requestAddress({ poolId, address: "172.30.9.9" }).address, "172.30.9.9/16");
  assert.equal(ipam.status(poolId)?.used, 4n);
});

test("a sub-pool at the end of the pool leaves out what is reserved", () => {
  const ipam = newIpam();
  const { poolId } = ipam.requestPool({ ...local, pool: "172.30.0.0/24", subPool: "172.30.0.254/31" });
  assert.equal(ipam.status(poolId)?.size, 1n);
  assert.equal(ipam.requestAddress({ poolId }).address, "172.30.0.254/24");
  assert.throws(() => ipam.requestAddress({ poolId }), { code: "no_free_address" });
});

test("a sub-pool takes the whole of its pool", () => {
  const ipam = newIpam();
  const pool = "172.30.0.0/16";
  ipam.requestPool({ ...local, pool, subPool: "172.30.4.0/24" });
  assert.throws(() => ipam.requestPool({ ...local, pool, subPool: "172.30.5.0/24" }), {
    code: "pool_overlap",
  });
});

test("sub-pools that cannot be are refused, and take nothing", () => {
  const ipam = newIpam();
  const pool = "172.30.0.0/24";
  assert.throws(() => ipam.requestPool({ ...local, subPool: pool }), { code: "sub_pool_without_pool" });
  assert.throws(() => ipam.requestPool({ ...local, pool: "0.0.0.0/24", subPool: pool }), {
    code: "sub_pool_without_pool",
  });
  assert.throws(() => ipam.requestPool({ ...local, pool, subPool: "172.30.1.0/25" }), {
    code: "sub_pool_out_of_range",
  });
  assert.throws(() => ipam.requestPool({ ...local, pool, subPool: "172.30.0.0/23" }), {
    code: "sub_pool_out_of_range",
  });
  assert.throws(() => ipam.requestPool({ ...local, pool, subPool: "172.30.0.9/25" }), {
    code: "subnet_host_bits",
  });
  assert.equal(ipam.requestPool({ ...local, pool }).pool, pool);
});

test("gateway and endpoints are numbered as in Docker", () => {
  const ipam = newIpam();
  const { poolId } = ipam.requestPool(local);
  const options = { [requestAddressType]: gatewayAddressType };
  assert.equal(ipam.requestAddress({ poolId, options }).address, "172.17.0.1/16");
  assert.equal(ipam.requestAddress({ poolId }).address, "172.17.0.2/16");
  assert.equal(ipam.requestAddress({ poolId }).address, "172.17.0.3/16");
  ipam.releaseAddress(poolId, "172.17.0.1");
  assert.equal(ipam.requestAddress({ poolId, options }).address, "172.17.0.1/16");
});

test("after replayed addresses the turn goes on, whatever their order; gateway and static addresses leave it", () => {
  const ipam = newIpam();
  const { poolId } = ipam.requestPool({ ...local, pool: "172.30.0.0/24" });
  const claim = (address: string, type?: string) =>
    ipam.requestAddress({
      poolId,
      address,
      ...(type === undefined ? {} : { options: { [requestAddressType]: type } }),
    });
  claim("172.30.0.254", gatewayAddressType);
  claim("172.30.0.200");
  claim("172.30.0.9", replayedAddressType);
  claim("172.30.0.4", replayedAddressType);
  assert.equal(ipam.requestAddress({ poolId }).address, "172.30.0.10/24");
  assert.throws(() => claim("172.30.0.9", replayedAddressType), { code: "address_in_use" });
});

test("refused addresses: each by name and with the mend", () => {
  const ipam = newIpam();
  const { poolId } = ipam.requestPool({ ...local, pool: "172.30.0.0/24" });
  const want = (address: string) => () => ipam.requestAddress({ poolId, address });
  assert.throws(want("172.30.0.0"), {
    code: "address_reserved",
    kind: "invalid",
    message: /the network's own/,
  });
  assert.throws(want("172.30.0.255"), { code: "address_reserved", message: /the broadcast/ });
  assert.throws(want("172.30.1.1"), {
    code: "address_out_of_range",
    message: /172\.30\.1\.1 is outside 172\.30\.0\.0\/24: choose one from 172\.30\.0\.1 to 172\.30\.0\.254$/,
  });
  assert.throws(want("fd00::1"), { code: "address_out_of_range" });
  assert.throws(want("172.30.0.2/24"), { code: "invalid_address", message: /without prefix length/ });
  assert.throws(() => ipam.releaseAddress(poolId, "172.30.0.0"), { code: "address_reserved" });
  want("172.30.0.2")();
  assert.throws(want("172.30.0.2"), { code: "address_in_use", kind: "conflict", message: /172\.30\.0\.2/ });
  assert.equal(ipam.status(poolId)?.used, 1n);
});
