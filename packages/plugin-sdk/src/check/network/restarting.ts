/**
 * What a driver remembers when it has been killed and started again. dockerd tells it nothing of what was there.
 */
import { checkAnswersAgain } from "../restart.ts";
import { type NetworkScene, newEndpoint } from "./scene.ts";

export async function checkRestart(scene: NetworkScene, restart: () => Promise<void>): Promise<void> {
  const { exam } = scene;
  const NetworkID = await scene.createNetwork("restart.network", scene.subnets[0]);
  if (NetworkID === undefined) return;
  const ids = newEndpoint(NetworkID);
  const Interface = { Address: scene.host(30) };
  const made = await exam.call("NetworkDriver.CreateEndpoint", { ...ids, Interface, Options: {} });
  exam.succeeds("restart.endpoint", "CreateEndpoint before the restart", made);
  const joined = await exam.call("NetworkDriver.Join", scene.joinRequest(ids));
  exam.succeeds("restart.endpoint", "Join before the restart", joined);
  if (!(await checkAnswersAgain(exam, restart))) return;
  const left = await exam.call("NetworkDriver.Leave", ids);
  exam.succeeds("restart.endpoint", "Leave after the restart", left);
  await scene.deleteEndpoint("restart.endpoint", ids);
  const fresh = await scene.createEndpoint("restart.network", NetworkID, scene.host(31));
  if (fresh !== undefined) await scene.deleteEndpoint("restart.network", fresh);
  await scene.deleteNetwork(NetworkID, "restart.network");
}
