/**
 * Pools: any, of either family, a part of one, and such as cannot be had.
 */
import { isCidr } from "../../client/index.ts";
import { isInside, prefixLength } from "../subnets.ts";
import { type IpamScene, type Pool, type PoolRequest, withMac } from "./scene.ts";

export async function checkAnyPool(scene: IpamScene): Promise<void> {
  const { exam } = scene;
  const outcome = await exam.call("IpamDriver.RequestPool", scene.poolRequest(""));
  if (outcome.kind === "refusal") return exam.skip("ipam.pool-any", `refused: ${outcome.text}`);
  const pool = exam.succeeds("ipam.pool-any", "RequestPool without Pool", outcome);
  if (pool === undefined) return;
  exam.expect("ipam.pool-any", pool.PoolID !== "" && isCidr(pool.Pool, 4), JSON.stringify(pool));
  await scene.releasePool(pool);
}

export async function checkOtherFamily(scene: IpamScene): Promise<void> {
  const { exam } = scene;
  const outcome = await exam.call("IpamDriver.RequestPool", scene.poolRequest("", { V6: true }));
  if (outcome.kind === "refusal") return exam.skip("ipam.pool-family", `refused: ${outcome.text}`);
  const pool = exam.succeeds("ipam.pool-family", "RequestPool with V6", outcome);
  if (pool === undefined) return;
  const right = isCidr(pool.Pool, 6);
  exam.expect("ipam.pool-family", right, `V6, and Pool is "${pool.Pool}"`);
  if (right) await checkAddressIn(scene, pool);
  await scene.releasePool(pool);
}

async function checkAddressIn(scene: IpamScene, { PoolID, Pool }: Pool): Promise<void> {
  const { exam } = scene;
  const Options = withMac("02:42:0a:d5:00:06");
  const outcome = await exam.call("IpamDriver.RequestAddress", { PoolID, Address: "", Options });
  const answer = exam.succeeds("ipam.address-ipv6", `RequestAddress from ${Pool}`, outcome);
  if (answer === undefined) return;
  const { Address } = answer;
  const fits = isCidr(Address) && isInside(Pool, Address) && prefixLength(Address) === prefixLength(Pool);
  exam.expect("ipam.address-ipv6", fits, `"${Address}" from ${Pool}`);
  await scene.release(PoolID, Address);
}

export async function checkPartOfPool(scene: IpamScene): Promise<void> {
  const { exam } = scene;
  const SubPool = scene.subPool;
  const outcome = await exam.call("IpamDriver.RequestPool", scene.poolRequest(scene.pool, { SubPool }));
  if (outcome.kind === "refusal") return exam.skip("ipam.sub-pool", `refused: ${outcome.text}`);
  const pool = exam.succeeds("ipam.sub-pool", `RequestPool ${scene.pool} with ${SubPool}`, outcome);
  if (pool === undefined) return;
  const Options = withMac("02:42:0a:d5:00:80");
  const request = { PoolID: pool.PoolID, Address: "", Options };
  const answer = exam.succeeds(
    "ipam.sub-pool",
    "RequestAddress from it",
    await exam.call("IpamDriver.RequestAddress", request),
  );
  if (answer !== undefined) {
    exam.expect("ipam.sub-pool", isInside(SubPool, answer.Address), `${answer.Address} is not in ${SubPool}`);
    await scene.release(pool.PoolID, answer.Address);
  }
  await scene.releasePool(pool);
}

export async function checkHeldPool(scene: IpamScene): Promise<void> {
  await refusesPool(scene, "ipam.pool-held", "which is held", scene.poolRequest(scene.pool));
}

export async function checkRefusedPools(scene: IpamScene): Promise<void> {
  for (const Pool of ["x", "10.213.0.0/33"])
    await refusesPool(scene, "ipam.pool-invalid", "which is none", scene.poolRequest(Pool));
  const outside = scene.poolRequest(scene.pool, { SubPool: "198.51.100.0/28" });
  await refusesPool(scene, "ipam.sub-pool-outside", `with the SubPool ${outside.SubPool}`, outside);
}

async function refusesPool(
  scene: IpamScene,
  clause: "ipam.pool-held" | "ipam.pool-invalid" | "ipam.sub-pool-outside",
  what: string,
  request: PoolRequest,
): Promise<void> {
  const { exam } = scene;
  const outcome = await exam.call("IpamDriver.RequestPool", request);
  exam.refuses(clause, `RequestPool ${request.Pool}, ${what}`, outcome);
  // Of a pool that is held, it may be the same that we have: that is released later.
  if (outcome.kind === "success" && clause !== "ipam.pool-held")
    await exam.call("IpamDriver.ReleasePool", { PoolID: outcome.body.PoolID });
}
