/**
 * What a driver says of itself, and the calls that follow from it.
 */
import { labels } from "../../protocol/index.ts";
import { type NetworkScene, newId } from "./scene.ts";

export async function checkCapabilities(scene: NetworkScene): Promise<void> {
  const { exam } = scene;
  const outcome = await exam.callRaw("NetworkDriver.GetCapabilities", "");
  const answer = exam.succeeds("network.scope", "GetCapabilities", outcome);
  if (answer === undefined) return;
  const { Scope, ConnectivityScope, GwAllocChecker } = answer;
  exam.expect("network.scope", ["local", "global"].includes(Scope), `Scope: "${Scope}"`);
  exam.expect(
    "network.connectivity-scope",
    ["local", "global", ""].includes(ConnectivityScope),
    `ConnectivityScope: "${ConnectivityScope}"`,
  );
  if (Scope === "global") await checkAllocation(scene);
  else exam.skip("network.allocate", "the driver is local");
  if (!GwAllocChecker) return exam.skip("network.alloc-check", "the driver does not want to be asked");
  const Options = { [labels.generic]: scene.userOptions };
  const checked = await exam.call("NetworkDriver.GwAllocCheck", { Options });
  exam.succeeds("network.alloc-check", "GwAllocCheck", checked);
}

async function checkAllocation(scene: NetworkScene): Promise<void> {
  const { exam } = scene;
  const { NetworkID, IPv4Data, IPv6Data } = scene.networkRequest(newId(), scene.subnets[0]);
  const request = { NetworkID, Options: scene.userOptions, IPv4Data, IPv6Data };
  const outcome = await exam.call("NetworkDriver.AllocateNetwork", request);
  if (exam.succeeds("network.allocate", "AllocateNetwork", outcome) === undefined) return;
  const freed = await exam.call("NetworkDriver.FreeNetwork", { NetworkID });
  exam.succeeds("network.allocate", "FreeNetwork", freed);
}

export async function checkDiscovery({ exam }: NetworkScene): Promise<void> {
  const node = { DiscoveryType: 1, DiscoveryData: { Address: "192.0.2.1", Self: false } };
  for (const method of ["NetworkDriver.DiscoverNew", "NetworkDriver.DiscoverDelete"] as const) {
    const outcome = await exam.call(method, node);
    if (outcome.kind !== "unknown") exam.succeeds("discover.answers", method, outcome);
    else exam.expect("discover.answers", true, "");
  }
}
