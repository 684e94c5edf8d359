/**
 * The sweep at start-up: what carries our mark and belongs to nothing that is stored was left by a run that was killed. What
 * could not be taken up is stored, and keeps what it has.
 */
import type { EndpointCore } from "./endpoint-core.ts";
import type { Engine } from "./engine.ts";

export function sweep(engine: Engine): void {
  const { networks, endpoints, sandboxes, unrestored, parts } = engine;
  const unknown = new Set(unrestored.keys());
  const isWanted = (id: string) =>
    unknown.has(id) || networks.byId(id) !== undefined || hasLink(endpoints.get(id));
  parts.netstack.sweepLinks(isWanted);
  const all = [...sandboxes];
  const paths = all.map(({ namespace }) => namespace?.path).filter((path) => path !== undefined);
  parts.netstack.sweepNamespaces(new Set(paths), unknown);
  parts.files.sweep(new Set([...unknown, ...all.map(({ id }) => id)]));
}

/** One that joined a sandbox which waits for its namespace has none yet, and one in a lost sandbox none any more. */
export function hasLink(endpoint: EndpointCore | undefined): boolean {
  return endpoint?.record.join?.interface !== undefined && endpoint.sandbox?.lost === false;
}
