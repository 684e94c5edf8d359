/**
 * The sweep: what carries our mark and belongs to nothing that is stored is stale, for a run was killed while it made or removed it.
 * Opening sweeps at once; the doctor tells of it, and sweeps when it is asked to (health/stale.ts).
 */
import type { MarkedLink, MarkedNamespace } from "../contracts/netstack.ts";
import type { EndpointCore } from "./endpoint-core.ts";
import type { Engine } from "./engine.ts";

export interface Stale {
  readonly links: readonly MarkedLink[];
  readonly namespaces: readonly MarkedNamespace[];
  /** What the ids of sandboxes begin with that there are files of. */
  readonly files: readonly string[];
}

/** What could not be taken up is stored, and keeps what it has. */
export function findStale({ networks, endpoints, sandboxes, unrestored, parts }: Engine): Stale {
  const { links, namespaces } = parts.netstack.marked();
  const hasLinks = (id: string) =>
    unrestored.has(id) || networks.byId(id) !== undefined || hasLink(endpoints.get(id));
  const paths = new Set([...sandboxes].map(({ namespace }) => namespace?.path));
  const kept = new Set([...unrestored.keys()].map(shortId));
  const ofNetworks = new Set([...kept, ...[...networks].map(({ id }) => shortId(id))]);
  const isKept = ({ path, of, objectId }: MarkedNamespace) =>
    of === "network" ? ofNetworks.has(objectId) : paths.has(path) || kept.has(objectId);
  const filed = new Set([...kept, ...[...sandboxes].map(({ id }) => shortId(id))]);
  return {
    links: links.filter(({ objectId }) => !hasLinks(objectId)),
    namespaces: namespaces.filter((one) => !isKept(one)),
    files: parts.files.list().filter((id) => !filed.has(id)),
  };
}

export function sweep({ parts: { netstack, files } }: Engine, stale: Stale): void {
  netstack.sweep(stale);
  for (const id of stale.files) files.remove(id);
}

/** As much of a sandbox's id as names of files have. */
const shortId = (id: string) => id.slice(0, 12);

/**
 * One that joined a sandbox which waits for its namespace has none yet, and one in a lost sandbox none any more. One whose sandbox could
 * not be taken up is in it all the same.
 */
function hasLink(endpoint: EndpointCore | undefined): boolean {
  return endpoint?.record.join?.interface !== undefined && endpoint.sandbox?.lost !== true;
}
