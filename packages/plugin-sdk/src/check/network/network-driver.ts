/**
 * A network driver through its life: as dockerd was recorded to lead it, and off that way.
 */
import type { Examination } from "../examination.ts";
import { checkHugeRequests } from "../handshake.ts";
import { checkCapabilities, checkDiscovery } from "./capabilities.ts";
import {
  checkEndpoints,
  checkSameIdsTwice,
  checkSideBySide,
  checkWhatIsNotThere,
  checkWithoutAddress,
} from "./endpoints.ts";
import { checkBothFamilies, checkCreateAgain, checkDeleteBusy, checkInternal } from "./networks.ts";
import { checkLargeRequest, checkOddRequests, checkPieces } from "./odd-requests.ts";
import { checkRestart } from "./restarting.ts";
import { type NetworkCheckOptions, NetworkScene, newEndpoint, newId } from "./scene.ts";

/** What is not asked of a driver whose endpoints cannot even be made and joined. */
const furtherClauses = [
  "http.pieces",
  "endpoint.create-again",
  "endpoint.delete-joined",
  "endpoint.side-by-side",
  "network.delete-busy",
] as const;

export async function checkNetworkDriver(
  exam: Examination,
  options: NetworkCheckOptions = {},
  restart?: () => Promise<void>,
): Promise<void> {
  const scene = new NetworkScene(exam, options);
  const [subnet, second] = scene.subnets;
  await checkCapabilities(scene);
  const network = await scene.createNetwork("network.create", subnet);
  if (network === undefined) return;
  const other = await scene.createNetwork("network.several", second);
  await checkOddRequests(scene, network);
  await checkLargeRequest(scene, network);
  await checkCreateAgain(scene, network);
  const usable = await checkEndpoints(scene, network);
  await checkWithoutAddress(scene, network);
  await checkWhatIsNotThere(scene, network);
  if (usable) {
    await checkPieces(scene, network);
    await checkSameIdsTwice(scene, network);
    await checkSideBySide(scene, network);
  } else for (const id of furtherClauses) exam.skip(id, "its endpoints cannot be made and joined as it is");
  await checkDiscovery(scene);
  for (const id of [network, other]) if (id !== undefined) await scene.deleteNetwork(id);
  const again = await scene.createNetwork("network.remake", subnet);
  if (again !== undefined) await scene.deleteNetwork(again);
  await checkInternal(scene);
  await checkBothFamilies(scene);
  if (usable) await checkDeleteBusy(scene);
  if (usable && restart !== undefined) await checkRestart(scene, restart);
  await checkHugeRequests(exam, "NetworkDriver.CreateEndpoint", newEndpoint(newId()));
}

export type { NetworkCheckOptions } from "./scene.ts";
