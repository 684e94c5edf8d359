/**
 * What is no request, and what is one although it does not look so.
 */
import { askInPieces } from "../rude.ts";
import { type NetworkScene, newEndpoint, onePort } from "./scene.ts";

const method = "NetworkDriver.CreateEndpoint";

export async function checkOddRequests(scene: NetworkScene, NetworkID: string): Promise<void> {
  const { exam } = scene;
  for (const body of ['{"', "[]", '"text"', "7"])
    exam.refuses("request.malformed", `${method} with the body ${body}`, await exam.callRaw(method, body));
  const wrong = JSON.stringify({ NetworkID, EndpointID: 7, Interface: "none" });
  exam.refuses("request.wrong-type", `${method} ${wrong}`, await exam.callRaw(method, wrong));
  for (const body of ["{}", "null", ""])
    exam.refuses("request.no-ids", `${method} with the body "${body}"`, await exam.callRaw(method, body));

  const extended = { ...newEndpoint(NetworkID), CausewayCheck: { of: ["later"] } };
  const request = { ...extended, Interface: { Address: scene.host(2), Causeway: 1 }, Options: {} };
  const outcome = await exam.callRaw(method, JSON.stringify(request));
  exam.expect("http.type", outcome.kind !== "nothing", `${method} without Content-Type`);
  if (exam.succeeds("request.unknown-fields", `${method} with fields of later`, outcome) !== undefined)
    await scene.deleteEndpoint("endpoint.delete-unjoined", extended);

  const ids = newEndpoint(NetworkID);
  const Interface = { Address: scene.host(2), AddressIPv6: null, MacAddress: null };
  const sparse = await exam.call(method, { ...ids, Interface, Options: null });
  if (exam.succeeds("request.null", `${method} with null as Options`, sparse) !== undefined)
    await scene.deleteEndpoint("endpoint.delete-unjoined", ids);
}

/** To be made where endpoints can be made at all. */
export async function checkPieces(scene: NetworkScene, NetworkID: string): Promise<void> {
  const { exam } = scene;
  const ids = newEndpoint(NetworkID);
  const body = JSON.stringify({ ...ids, Interface: { Address: scene.host(2) }, Options: onePort });
  const outcome = await askInPieces(exam, method, body);
  if (outcome === undefined) return exam.skip("http.pieces", "the plugin is behind TLS");
  if (exam.succeeds("http.pieces", `${method} in pieces`, outcome) !== undefined)
    await scene.deleteEndpoint("endpoint.delete-unjoined", ids);
}

export async function checkLargeRequest(scene: NetworkScene, NetworkID: string): Promise<void> {
  const { exam } = scene;
  const ids = newEndpoint(NetworkID);
  const Options = { ...onePort, "org.causeway.check": "x".repeat(256 * 1024) };
  const Interface = { Address: scene.host(2) };
  const outcome = await exam.call(method, { ...ids, Interface, Options });
  if (exam.succeeds("request.large", "CreateEndpoint with a label of 256 KiB", outcome) !== undefined)
    await scene.deleteEndpoint("endpoint.delete-unjoined", ids);
}
