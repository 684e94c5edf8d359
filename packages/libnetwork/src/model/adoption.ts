/**
 * Taking a namespace for a sandbox that somebody else made: one that no other sandbox has.
 */
import type { NamespacePlace } from "../contracts/netstack.ts";
import { conflict } from "../errors.ts";
import type { Engine } from "./engine.ts";

/** @throws namespace_not_found, key_is_host, namespace_in_use */
export function adoptNamespace(engine: Engine, path: string): NamespacePlace {
  const place = engine.parts.netstack.adoptNamespace(path);
  const user = [...engine.sandboxes].find(({ namespace }) => namespace?.identity === place.identity);
  if (user === undefined) return place;
  const mend = "share it with shareWith, or give another";
  throw conflict(
    "namespace_in_use",
    `${path} is the network namespace of container "${user.containerId}": ${mend}`,
    { path, sandbox: user.id },
  );
}
