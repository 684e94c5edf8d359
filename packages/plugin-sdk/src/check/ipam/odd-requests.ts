/**
 * Requests off dockerd's way: malformed, of later versions, large, in pieces.
 */
import { askInPieces } from "../rude.ts";
import { anyMac, type IpamScene, type Pool } from "./scene.ts";

export async function checkOddRequests(scene: IpamScene, { PoolID }: Pool): Promise<void> {
  const { exam } = scene;
  const method = "IpamDriver.RequestAddress";
  for (const body of ['{"', "[]", '"text"', "7"])
    exam.refuses("request.malformed", `${method} with the body ${body}`, await exam.callRaw(method, body));
  for (const body of ["{}", "null", ""])
    exam.refuses("request.no-ids", `${method} with the body "${body}"`, await exam.callRaw(method, body));
  const wrong = JSON.stringify({ PoolID: 7, Address: {} });
  exam.refuses("request.wrong-type", `${method} ${wrong}`, await exam.callRaw(method, wrong));
  const extended = JSON.stringify({ PoolID, Address: "", Options: {}, CausewayCheck: ["later"] });
  const outcome = await exam.callRaw(method, extended);
  exam.expect("http.type", outcome.kind !== "nothing", `${method} without Content-Type`);
  const answer = exam.succeeds("request.unknown-fields", `${method} with fields of later`, outcome);
  if (answer !== undefined) await scene.release(PoolID, answer.Address);
  const sparse = await exam.callRaw(method, JSON.stringify({ PoolID, Address: null }));
  const given = exam.succeeds("request.null", `${method} with null as Address, without Options`, sparse);
  if (given !== undefined) await scene.release(PoolID, given.Address);
}

/** A large request, and one in pieces. */
export async function checkArriving(scene: IpamScene, { PoolID }: Pool): Promise<void> {
  const { exam } = scene;
  const method = "IpamDriver.RequestAddress";
  const request = { PoolID, Address: "", Options: anyMac };
  const plain = await exam.call(method, request);
  if (plain.kind !== "success") {
    for (const id of ["request.large", "http.pieces"] as const)
      exam.skip(id, "the same is refused when it is small and whole");
    return;
  }
  await scene.takeBack(PoolID, plain.body.Address);
  const padded = { ...request, Options: { ...anyMac, "org.causeway.check": "x".repeat(256 * 1024) } };
  const large = await exam.call(method, padded);
  const answer = exam.succeeds("request.large", `${method} with an option of 256 KiB`, large);
  if (answer !== undefined) await scene.takeBack(PoolID, answer.Address);
  const body = JSON.stringify(request);
  const pieces = await askInPieces(exam, method, body);
  if (pieces === undefined) return exam.skip("http.pieces", "the plugin is behind TLS");
  const given = exam.succeeds("http.pieces", `${method} in pieces`, pieces);
  if (given !== undefined) await scene.takeBack(PoolID, given.Address);
}

export async function checkUnknownPool({ exam }: IpamScene): Promise<void> {
  const request = { PoolID: "causeway-check-unknown", Address: "", Options: null };
  const unknown = await exam.call("IpamDriver.RequestAddress", request);
  exam.refuses("ipam.unknown-pool", "RequestAddress from an unknown pool", unknown);
}
