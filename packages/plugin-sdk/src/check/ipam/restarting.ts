/**
 * What an IPAM remembers when it has been killed and started again.
 */
import { checkAnswersAgain } from "../restart.ts";
import { anyMac, type IpamScene } from "./scene.ts";

export async function checkRestart(scene: IpamScene, restart: () => Promise<void>): Promise<void> {
  const { exam } = scene;
  const clause = "restart.address";
  const [address] = scene.addresses;
  const asked = await exam.call("IpamDriver.RequestPool", scene.poolRequest(scene.pool));
  const pool = exam.succeeds(clause, `RequestPool ${scene.pool}`, asked);
  if (pool === undefined) return;
  const { PoolID } = pool;
  const ask = () => exam.call("IpamDriver.RequestAddress", { PoolID, Address: address, Options: anyMac });
  exam.succeeds(clause, `RequestAddress ${address}`, await ask());
  if (!(await checkAnswersAgain(exam, restart))) return;
  exam.refuses(clause, `RequestAddress ${address}, which was given before the restart`, await ask());
  const released = await exam.call("IpamDriver.ReleaseAddress", { PoolID, Address: address });
  exam.succeeds(clause, "ReleaseAddress after the restart", released);
  const gone = await exam.call("IpamDriver.ReleasePool", { PoolID });
  exam.succeeds(clause, "ReleasePool after the restart", gone);
}
