/**
 * What an IPAM says of itself.
 */
import type { ResponseOf } from "../../protocol/index.ts";
import type { IpamScene } from "./scene.ts";

export async function checkCapabilities(
  scene: IpamScene,
): Promise<ResponseOf<"IpamDriver.GetCapabilities"> | undefined> {
  const outcome = await scene.exam.callRaw("IpamDriver.GetCapabilities", "");
  scene.exam.answers("ipam.capabilities", "GetCapabilities", outcome);
  return outcome.kind === "success" ? outcome.body : undefined;
}

export async function checkAddressSpaces(scene: IpamScene): Promise<void> {
  const { exam } = scene;
  const outcome = await exam.callRaw("IpamDriver.GetDefaultAddressSpaces", "");
  const answer = exam.succeeds("ipam.address-spaces", "GetDefaultAddressSpaces", outcome);
  if (answer === undefined) return;
  const { LocalDefaultAddressSpace, GlobalDefaultAddressSpace } = answer;
  const both = LocalDefaultAddressSpace !== "" && GlobalDefaultAddressSpace !== "";
  exam.expect("ipam.address-spaces", both, JSON.stringify(answer));
  scene.space = LocalDefaultAddressSpace;
}
