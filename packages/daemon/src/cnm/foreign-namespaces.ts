/**
 * Namespaces that are not ours, the host's among them: for trusted callers alone.
 */
import type { NetworkController, SandboxOptions } from "@causeway/libnetwork";
import { type Caller, requireTrust } from "../server/caller.ts";

/**
 * @param options of the sandbox that is asked for
 * @throws caller_not_trusted
 */
export function requireOwnNamespace(
  caller: Caller,
  controller: NetworkController,
  { key, useHostNetwork, shareWith }: Pick<SandboxOptions, "key" | "useHostNetwork" | "shareWith">,
): void {
  if (key !== undefined) requireTrust(caller, `key: a namespace that was made elsewhere (${key})`);
  if (useHostNetwork === true) requireTrust(caller, "useHostNetwork: the host's own network");
  if (shareWith === undefined) return;
  const record = controller.findSandbox(shareWith)?.record;
  if (record?.options.useHostNetwork === true || record?.ownsNamespace === false)
    requireTrust(caller, `shareWith: the namespace of "${shareWith}", which is not ours,`);
}
