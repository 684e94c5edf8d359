/**
 * What a request for a container comes to: all that can be said before anything is made.
 */
import { newId } from "@causeway/libnetwork";
import type { ContainerCreate } from "../api/index.ts";
import type { Caller } from "../server/caller.ts";
import { checkedContainerName, madeUpName } from "./names.ts";
import { type Bundle, readBundle } from "./oci/bundle.ts";
import type { ProcessWish } from "./oci/config.ts";
import { type ContainerRecord, recordOf } from "./record.ts";
import type { Registry } from "./registry.ts";
import { checkRequest, wishOf } from "./request.ts";
import { type SandboxWish, sandboxOptions } from "./sandboxes.ts";

export interface ContainerPlan {
  readonly record: ContainerRecord;
  readonly sandbox: SandboxWish;
  readonly wish: ProcessWish;
  /** Of a bundle alone. */
  readonly bundle: Bundle | undefined;
}

/** @throws what checkRequest throws; container_name_in_use, invalid_name, invalid_bundle, container_not_found, container_not_running */
export function planContainer(registry: Registry, request: ContainerCreate, caller: Caller): ContainerPlan {
  checkRequest(request, caller);
  const bundle = request.kind === "bundle" ? readBundle(request.path ?? "") : undefined;
  const isTaken = (name: string) => registry.isTaken(name);
  const name = request.name === undefined ? madeUpName(isTaken) : checkedContainerName(request.name, isTaken);
  const id = newId();
  const shared = request.shareWith === undefined ? undefined : registry.sandboxOf(request.shareWith);
  const isHosts = request.networks?.some(({ network }) => network === "host") === true;
  const hostname =
    shared !== undefined || isHosts || request.kind === "process" ? undefined : id.slice(0, 12);
  const wish = wishOf(request, hostname ?? shared?.record.options.hostname);
  const command = wish.command.length > 0 ? wish.command : (bundle?.config.process?.args ?? []);
  return {
    record: recordOf(id, name, request, command, wish.hostname),
    sandbox: {
      id,
      name,
      networks: request.networks ?? [],
      publish: request.publish ?? [],
      options: sandboxOptions(request, name, shared, wish.hostname),
    },
    wish,
    bundle,
  };
}
