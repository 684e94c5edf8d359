/**
 * Endpoints: through their life, and what is asked of those that are not there.
 */
import { checkExternalConnectivity, checkJoin, checkJoinAgain, checkRejoin } from "./joining.ts";
import { type Ids, type NetworkScene, newEndpoint, newId } from "./scene.ts";

/** @returns whether endpoints can be made and joined: much else builds on it */
export async function checkEndpoints(scene: NetworkScene, network: string): Promise<boolean> {
  const { exam } = scene;
  const first = await scene.createEndpoint("endpoint.create", network, scene.host(4));
  const second = await scene.createEndpoint("endpoint.mac", network, scene.host(5), "02:11:22:33:44:55");
  const joined = first === undefined ? undefined : await checkJoin(scene, first);
  const alsoJoined = second === undefined ? undefined : await checkJoin(scene, second);
  const names = [joined, alsoJoined].map((answer) => answer?.InterfaceName?.SrcName);
  if (names[0] !== undefined && names[1] !== undefined)
    exam.expect("join.distinct", names[0] !== names[1], `both have the SrcName "${names[0]}"`);
  else exam.skip("join.distinct", "there are no two interfaces");
  if (first !== undefined) {
    const info = await exam.call("NetworkDriver.EndpointOperInfo", first);
    exam.succeeds("endpoint.info", "EndpointOperInfo", info);
    await checkExternalConnectivity(scene, first);
    if (joined !== undefined) await checkJoinAgain(scene, first);
    await checkRejoin(scene, first);
  }
  if (second !== undefined && alsoJoined !== undefined)
    exam.succeeds("leave.succeeds", "Leave", await exam.call("NetworkDriver.Leave", second));
  for (const ids of [first, second])
    if (ids !== undefined) await scene.deleteEndpoint("endpoint.delete", ids);
  const again = await scene.createEndpoint("endpoint.remake", network, scene.host(4));
  if (again !== undefined) await scene.deleteEndpoint("endpoint.delete-unjoined", again);
  return joined !== undefined;
}

export async function checkWithoutAddress(scene: NetworkScene, network: string): Promise<void> {
  const { exam } = scene;
  const ids = newEndpoint(network);
  const Interface = { Address: "", AddressIPv6: "", MacAddress: "" };
  const outcome = await exam.call("NetworkDriver.CreateEndpoint", { ...ids, Interface, Options: {} });
  if (outcome.kind === "refusal") return exam.skip("endpoint.without-address", `refused: ${outcome.text}`);
  if (exam.succeeds("endpoint.without-address", "CreateEndpoint without address", outcome) !== undefined)
    await scene.deleteEndpoint("endpoint.delete-unjoined", ids);
}

/** What dockerd does when it did not hear the answer. */
export async function checkSameIdsTwice(scene: NetworkScene, network: string): Promise<void> {
  const { exam } = scene;
  const ids = newEndpoint(network);
  const request = { ...ids, Interface: { Address: scene.host(8) }, Options: {} };
  const clause = "endpoint.create-again";
  const first = await exam.call("NetworkDriver.CreateEndpoint", request);
  if (exam.succeeds(clause, "CreateEndpoint", first) === undefined) return;
  const again = await exam.call("NetworkDriver.CreateEndpoint", request);
  exam.answers(clause, "CreateEndpoint of what is there", again);
  const joined = await exam.call("NetworkDriver.Join", scene.joinRequest(ids));
  exam.succeeds(clause, "Join afterwards", joined);
  if (joined.kind === "success") {
    const forced = await exam.call("NetworkDriver.DeleteEndpoint", ids);
    exam.answers("endpoint.delete-joined", "DeleteEndpoint of an endpoint that is joined", forced);
    if (forced.kind === "success") return;
    await exam.call("NetworkDriver.Leave", ids);
  }
  await exam.call("NetworkDriver.DeleteEndpoint", ids);
}

export async function checkSideBySide(scene: NetworkScene, network: string): Promise<void> {
  const { exam } = scene;
  const clause = "endpoint.side-by-side";
  const alive = async (number: number): Promise<string | undefined> => {
    const ids = newEndpoint(network);
    const request = { ...ids, Interface: { Address: scene.host(number) }, Options: {} };
    const made = await exam.call("NetworkDriver.CreateEndpoint", request);
    if (exam.succeeds(clause, `CreateEndpoint beside others`, made) === undefined) return undefined;
    const joined = await exam.call("NetworkDriver.Join", scene.joinRequest(ids));
    const answer = exam.succeeds(clause, "Join beside others", joined);
    if (answer !== undefined)
      exam.succeeds("leave.succeeds", "Leave", await exam.call("NetworkDriver.Leave", ids));
    await scene.deleteEndpoint("endpoint.delete", ids);
    return answer?.InterfaceName?.SrcName;
  };
  const names = await Promise.all([20, 21, 22, 23, 24, 25, 26, 27].map(alive));
  const shown = names.filter((name) => name !== undefined);
  if (shown.length > 1)
    exam.expect("join.distinct", new Set(shown).size === shown.length, `SrcNames: ${shown.join(", ")}`);
}

export async function checkWhatIsNotThere(scene: NetworkScene, network: string): Promise<void> {
  const { exam } = scene;
  const created = await exam.call("NetworkDriver.CreateEndpoint", {
    ...newEndpoint(newId()),
    Interface: { Address: scene.host(6) },
    Options: {},
  });
  exam.refuses("endpoint.unknown-network", "CreateEndpoint on an unknown network", created);
  const ids: Ids = newEndpoint(network);
  const joined = await exam.call("NetworkDriver.Join", { ...scene.joinRequest(ids), Options: {} });
  exam.refuses("join.unknown-endpoint", "Join of an unknown endpoint", joined);
  const info = await exam.call("NetworkDriver.EndpointOperInfo", ids);
  exam.answers("endpoint.info-unknown", "EndpointOperInfo of an unknown endpoint", info);
  const deleted = await exam.call("NetworkDriver.DeleteEndpoint", ids);
  exam.answers("endpoint.delete-unknown", "DeleteEndpoint of an unknown endpoint", deleted);
  const gone = await exam.call("NetworkDriver.DeleteNetwork", { NetworkID: newId() });
  exam.answers("network.delete-unknown", "DeleteNetwork of an unknown network", gone);
}
