/**
 * Containers that somebody else starts: their namespace becomes a sandbox's.
 */
import { files } from "@causeway/kernel";
import { conflict, type NetworkController, type Sandbox } from "@causeway/libnetwork";
import type { Adoption } from "../api/index.ts";
import { makeSandbox } from "./sandboxes.ts";

/**
 * Asked for once more, of the same namespace, it is as it was; of another one, it is made anew: the container was started again.
 *
 * @throws sandbox_exists where the sandbox that is there lives in another namespace, and what makeSandbox throws
 */
export async function adoptContainer(
  controller: NetworkController,
  containerId: string,
  { pid, networks = [], publish = [], ...options }: Adoption,
): Promise<Sandbox> {
  const key = `/proc/${pid}/ns/net`;
  const there = controller.sandboxByContainerId(containerId);
  if (there !== undefined) {
    if (!there.lost && isSame(there.key, key)) return there;
    if (!there.lost)
      throw conflict(
        "sandbox_exists",
        `container "${containerId}" has a sandbox already, of another namespace: remove that first`,
        containerId,
      );
    await there.delete({ endpoints: "delete" });
  }
  return makeSandbox(controller, {
    id: containerId,
    name: containerId,
    networks,
    publish,
    options: { ...options, key },
  });
}

function isSame(one: string | undefined, other: string): boolean {
  const there = one === undefined ? undefined : files.statSync(one, { throwIfNoEntry: false });
  const asked = files.statSync(other, { throwIfNoEntry: false });
  return there !== undefined && asked !== undefined && there.ino === asked.ino && there.dev === asked.dev;
}
