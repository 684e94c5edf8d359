/**
 * What carries our mark and belongs to nothing that is stored. What an operation is just making, or what is just being deleted,
 * looks the same for a moment: only what is there before and after they are over counts.
 */
import { type HealthItem, unread } from "../../contracts/health.ts";
import type { Engine } from "../engine.ts";

interface Stale {
  /** Ids of the objects that links belong to, with a link's name. */
  readonly links: ReadonlyMap<string, string>;
  /** Paths. */
  readonly namespaces: ReadonlySet<string>;
  /** What the ids of sandboxes begin with that there are files of. */
  readonly files: ReadonlySet<string>;
}

const host = { kind: "host" } as const;

export async function inspectRemains(engine: Engine): Promise<readonly HealthItem[]> {
  try {
    const { links, namespaces, files } = await findRemains(engine);
    return [
      ...[...links].map(([id, name]) => staleItem("link_stale", `link ${name}, of ${id}`)),
      ...[...namespaces].map((path) => staleItem("namespace_stale", `the namespace at ${path}`)),
      ...[...files].map((id) => staleItem("files_stale", `the files of sandbox ${id}`)),
    ];
  } catch (error) {
    return [unread(host, "what earlier runs left", error)];
  }
}

function staleItem(code: string, what: string): HealthItem {
  const message = `${what} carries our mark, and belongs to nothing that is stored`;
  return { code, nature: "stale", subject: host, message, mend: "call repair()", repairable: true };
}

export async function findRemains(engine: Engine): Promise<Stale> {
  const seen = look(engine);
  if (seen.links.size + seen.namespaces.size + seen.files.size === 0) return seen;
  await engine.settled();
  await engine.parts.netstack.reaped();
  const still = look(engine);
  return {
    links: new Map([...still.links].filter(([id]) => seen.links.has(id))),
    namespaces: still.namespaces.intersection(seen.namespaces),
    files: still.files.intersection(seen.files),
  };
}

function look({ networks, endpoints, sandboxes, unrestored, parts }: Engine): Stale {
  const { links, namespaces } = parts.netstack.remains();
  const isWanted = (id: string) =>
    unrestored.has(id) || networks.byId(id) !== undefined || endpoints.get(id)?.sandbox !== undefined;
  const kept = [...sandboxes];
  const paths = new Set(kept.map(({ namespace }) => namespace?.path));
  const known = new Set([...unrestored.keys(), ...kept.map(({ id }) => id)].map((id) => id.slice(0, 12)));
  return {
    links: new Map(
      links.filter(({ objectId }) => !isWanted(objectId)).map(({ objectId, name }) => [objectId, name]),
    ),
    namespaces: new Set(namespaces.filter((path) => !paths.has(path))),
    files: new Set(parts.files.known().filter((id) => !known.has(id))),
  };
}

export function sweepRemains(
  { parts: { netstack, files } }: Engine,
  { links, namespaces, files: stale }: Stale,
): void {
  if (links.size > 0) netstack.sweepLinks((id) => !links.has(id));
  if (namespaces.size > 0)
    netstack.sweepNamespaces(new Set(netstack.remains().namespaces.filter((path) => !namespaces.has(path))));
  if (stale.size > 0) files.sweep(new Set(files.known().filter((id) => !stale.has(id))));
}
