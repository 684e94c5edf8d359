/**
 * Networks: asked for again, of other kinds, and taken away while they are in use.
 */
import { labels } from "../../protocol/index.ts";
import { hostOf, type NetworkScene, newEndpoint, newId, onePort } from "./scene.ts";

export async function checkCreateAgain(scene: NetworkScene, network: string): Promise<void> {
  const { exam } = scene;
  const request = scene.networkRequest(network, scene.subnets[0]);
  const again = await exam.call("NetworkDriver.CreateNetwork", request);
  exam.answers("network.create-again", "CreateNetwork of what is there", again);
  const ids = newEndpoint(network);
  const Interface = { Address: scene.host(3) };
  const outcome = await exam.call("NetworkDriver.CreateEndpoint", { ...ids, Interface, Options: {} });
  if (exam.succeeds("network.create-again", "CreateEndpoint afterwards", outcome) !== undefined)
    await scene.deleteEndpoint("endpoint.delete-unjoined", ids);
}

/** A driver may have none such: then it says so. */
export async function checkInternal(scene: NetworkScene): Promise<void> {
  const { exam } = scene;
  const request = scene.networkRequest(newId(), scene.subnets[0]);
  const Options = { ...request.Options, [labels.internal]: true };
  const outcome = await exam.call("NetworkDriver.CreateNetwork", { ...request, Options });
  if (outcome.kind === "refusal") return exam.skip("network.internal", `refused: ${outcome.text}`);
  if (exam.succeeds("network.internal", "CreateNetwork, internal", outcome) !== undefined)
    await scene.deleteNetwork(request.NetworkID);
}

export async function checkBothFamilies(scene: NetworkScene): Promise<void> {
  const { exam } = scene;
  const prefix = scene.subnetIpv6.replace(/\/.*/, "");
  const request = scene.networkRequest(newId(), scene.subnets[0]);
  const Gateway = `${prefix}1/64`;
  const outcome = await exam.call("NetworkDriver.CreateNetwork", {
    ...request,
    Options: { ...request.Options, [labels.enableIpv6]: true },
    IPv6Data: [{ AddressSpace: "LocalDefault", Gateway, Pool: scene.subnetIpv6 }],
  });
  if (outcome.kind === "refusal") return exam.skip("network.ipv6", `refused: ${outcome.text}`);
  if (exam.succeeds("network.ipv6", "CreateNetwork with IPv6Data", outcome) === undefined) return;
  const ids = newEndpoint(request.NetworkID);
  const Interface = { Address: scene.host(7), AddressIPv6: `${prefix}7/64`, MacAddress: "" };
  const made = await exam.call("NetworkDriver.CreateEndpoint", { ...ids, Interface, Options: onePort });
  const answer = exam.succeeds("network.ipv6", "CreateEndpoint with AddressIPv6", made);
  if (answer !== undefined) {
    const { Address = "", AddressIPv6 = "" } = answer.Interface ?? {};
    exam.expect("endpoint.given", Address === "" && AddressIPv6 === "", JSON.stringify(answer.Interface));
    await scene.deleteEndpoint("endpoint.delete-unjoined", ids);
  }
  await scene.deleteNetwork(request.NetworkID);
}

/** dockerd does not ask for it, but who else calls may. */
export async function checkDeleteBusy(scene: NetworkScene): Promise<void> {
  const { exam } = scene;
  const [, subnet] = scene.subnets;
  const NetworkID = newId();
  const made = await exam.call("NetworkDriver.CreateNetwork", scene.networkRequest(NetworkID, subnet));
  if (made.kind !== "success") return exam.skip("network.delete-busy", "no network could be made for it");
  const ids = newEndpoint(NetworkID);
  const Interface = { Address: hostOf(subnet, 9) };
  const inIt = await exam.call("NetworkDriver.CreateEndpoint", { ...ids, Interface, Options: {} });
  if (inIt.kind === "success") {
    const outcome = await exam.call("NetworkDriver.DeleteNetwork", { NetworkID });
    exam.answers("network.delete-busy", "DeleteNetwork with an endpoint in it", outcome);
    if (outcome.kind === "success") return;
    await exam.call("NetworkDriver.DeleteEndpoint", ids);
  } else exam.skip("network.delete-busy", "no endpoint could be made for it");
  await exam.call("NetworkDriver.DeleteNetwork", { NetworkID });
}
