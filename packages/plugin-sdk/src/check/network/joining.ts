/**
 * Endpoints in sandboxes: what Join says, ports, leaving and coming back.
 */
import { isAddress, isCidr } from "../../client/index.ts";
import type { ResponseOf } from "../../protocol/index.ts";
import { isInside } from "../subnets.ts";
import { type Ids, type NetworkScene, onePort } from "./scene.ts";

type Joined = ResponseOf<"NetworkDriver.Join">;

export async function checkJoin(scene: NetworkScene, ids: Ids): Promise<Joined | undefined> {
  const { exam } = scene;
  const [subnet] = scene.subnets;
  const outcome = await exam.call("NetworkDriver.Join", scene.joinRequest(ids));
  const answer = exam.succeeds("join.succeeds", "Join", outcome);
  if (answer === undefined) return undefined;
  const { InterfaceName, Gateway, GatewayIPv6, StaticRoutes } = answer;
  if (InterfaceName === undefined) exam.skip("join.interface", "Join names no interface");
  else {
    const { SrcName, DstPrefix } = InterfaceName;
    const usable = /^[^/\s]{1,15}$/.test(SrcName) && /^[^/\s]{1,13}$/.test(DstPrefix);
    exam.expect("join.interface", usable, `InterfaceName: ${JSON.stringify(InterfaceName)}`);
  }
  const gateways =
    (Gateway === "" || isAddress(Gateway, 4)) && (GatewayIPv6 === "" || isAddress(GatewayIPv6, 6));
  exam.expect("join.gateway", gateways, `Gateway: "${Gateway}", GatewayIPv6: "${GatewayIPv6}"`);
  if (Gateway === "") exam.skip("join.gateway-inside", "Join names no gateway");
  else exam.expect("join.gateway-inside", isInside(subnet, Gateway), `${Gateway} is not in ${subnet}`);
  for (const route of StaticRoutes) {
    const { Destination, RouteType, NextHop } = route;
    const usable =
      isCidr(Destination) && (RouteType === 0 ? isAddress(NextHop) : RouteType === 1 && NextHop === "");
    exam.expect("join.routes", usable, JSON.stringify(route));
  }
  if (StaticRoutes.length === 0) exam.skip("join.routes", "Join names no static routes");
  return answer;
}

export async function checkExternalConnectivity({ exam }: NetworkScene, ids: Ids): Promise<void> {
  const request = { ...ids, Options: onePort };
  const program = await exam.call("NetworkDriver.ProgramExternalConnectivity", request);
  if (program.kind !== "unknown") exam.succeeds("external.program", "ProgramExternalConnectivity", program);
  else exam.expect("external.program", true, "");
  const revoke = await exam.call("NetworkDriver.RevokeExternalConnectivity", ids);
  if (revoke.kind !== "unknown") exam.succeeds("external.revoke", "RevokeExternalConnectivity", revoke);
  else exam.expect("external.revoke", true, "");
}

export async function checkJoinAgain(scene: NetworkScene, ids: Ids): Promise<void> {
  const again = await scene.exam.call("NetworkDriver.Join", scene.joinRequest(ids));
  scene.exam.answers("join.again", "Join of an endpoint that is joined", again);
}

export async function checkRejoin(scene: NetworkScene, ids: Ids): Promise<void> {
  const { exam } = scene;
  const left = await exam.call("NetworkDriver.Leave", ids);
  exam.succeeds("leave.succeeds", "Leave", left);
  const outcome = await exam.call("NetworkDriver.Join", scene.joinRequest(ids));
  if (exam.succeeds("leave.rejoin", "Join after Leave", outcome) !== undefined)
    exam.succeeds("leave.succeeds", "Leave once more", await exam.call("NetworkDriver.Leave", ids));
  const again = await exam.call("NetworkDriver.Leave", ids);
  exam.answers("leave.again", "Leave of an endpoint that has left", again);
}
