/**
 * An IPAM through the life of pools and addresses: as dockerd was recorded to ask, and off that way.
 */
import type { Examination } from "../examination.ts";
import { checkHugeRequests } from "../handshake.ts";
import {
  checkChosenAddresses,
  checkExactAddresses,
  checkNotHeld,
  checkRefusedAddresses,
  checkSideBySide,
} from "./addresses.ts";
import { checkAddressSpaces, checkCapabilities } from "./capabilities.ts";
import { checkGateway } from "./gateway.ts";
import { checkArriving, checkOddRequests, checkUnknownPool } from "./odd-requests.ts";
import {
  checkAnyPool,
  checkHeldPool,
  checkOtherFamily,
  checkPartOfPool,
  checkRefusedPools,
} from "./pools.ts";
import { checkRestart } from "./restarting.ts";
import { type IpamCheckOptions, IpamScene } from "./scene.ts";

export async function checkIpamDriver(
  exam: Examination,
  options: IpamCheckOptions = {},
  restart?: () => Promise<void>,
): Promise<void> {
  const scene = new IpamScene(exam, options);
  const capabilities = await checkCapabilities(scene);
  const wantsMac = capabilities?.RequiresMACAddress === true;
  const replays = capabilities?.RequiresRequestReplay === true;
  await checkAddressSpaces(scene);
  await checkAnyPool(scene);
  await checkOtherFamily(scene);
  const pool = await scene.requestPool("ipam.pool-given");
  if (pool === undefined) return;
  await checkOddRequests(scene, pool);
  await checkGateway(scene, pool, replays);
  await checkChosenAddresses(scene, pool, wantsMac);
  await checkExactAddresses(scene, pool);
  await checkSideBySide(scene, pool, wantsMac);
  await checkArriving(scene, pool);
  await checkRefusedAddresses(scene, pool);
  if (replays) exam.skip("ipam.pool-held", "the IPAM wants replay: it gives the same again");
  else await checkHeldPool(scene);
  await checkNotHeld(scene, pool);
  await scene.releasePool(pool);
  const again = await scene.requestPool("ipam.pool-again");
  if (again !== undefined) await scene.releasePool(again);
  await checkPartOfPool(scene);
  await checkRefusedPools(scene);
  if (restart !== undefined) await checkRestart(scene, restart);
  await checkUnknownPool(scene);
  await checkHugeRequests(exam, "IpamDriver.RequestAddress", { PoolID: "causeway-check-unknown" });
}

export type { IpamCheckOptions } from "./scene.ts";
