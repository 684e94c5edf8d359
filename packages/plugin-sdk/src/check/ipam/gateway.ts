/**
 * A gateway's address, and how pool and gateway are asked for again when dockerd has started.
 */
import { isCidr } from "../../client/index.ts";
import { gatewayAddressType, requestAddressType } from "../../protocol/index.ts";
import { isInside, withoutLength } from "../subnets.ts";
import type { IpamScene, Pool } from "./scene.ts";

const gatewayOptions = { [requestAddressType]: gatewayAddressType };

export async function checkGateway(
  scene: IpamScene,
  { PoolID, Pool }: Pool,
  replays: boolean,
): Promise<void> {
  const { exam } = scene;
  const request = { PoolID, Address: "", Options: gatewayOptions };
  const outcome = await exam.call("IpamDriver.RequestAddress", request);
  const answer = exam.succeeds("ipam.gateway", "RequestAddress of a gateway", outcome);
  if (answer === undefined) return;
  const { Address } = answer;
  exam.expect("ipam.gateway", isCidr(Address) && isInside(Pool, Address), `${Address} for ${Pool}`);
  if (replays) await checkReplay(scene, { PoolID, Pool }, Address);
  else exam.skip("ipam.replay", "the IPAM does not want it");
  await scene.release(PoolID, Address);
}

/** What dockerd does when it has started, while the IPAM has gone on. */
async function checkReplay(
  scene: IpamScene,
  { PoolID, Pool }: Omit<Pool, "Data">,
  gateway: string,
): Promise<void> {
  const { exam } = scene;
  const pool = await exam.call("IpamDriver.RequestPool", scene.poolRequest(Pool));
  const again = exam.succeeds("ipam.replay", `RequestPool ${Pool} again`, pool);
  if (again === undefined) return;
  exam.expect("ipam.replay", again.PoolID === PoolID, `PoolID was ${PoolID}, and is ${again.PoolID}`);
  const request = { PoolID, Address: withoutLength(gateway), Options: gatewayOptions };
  const address = await exam.call("IpamDriver.RequestAddress", request);
  const same = exam.succeeds("ipam.replay", `RequestAddress ${gateway} again`, address);
  if (same !== undefined)
    exam.expect("ipam.replay", same.Address === gateway, `${same.Address}, not ${gateway}`);
}
