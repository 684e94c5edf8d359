/**
 * What carries our mark and belongs to nothing that is stored. What an operation is just making, or what is just being deleted,
 * looks the same for a moment: only what is there before and after they are over counts.
 */
import { type HealthItem, unread } from "../../contracts/health.ts";
import type { Remains } from "../../contracts/netstack.ts";
import type { Engine } from "../engine.ts";
import { hasLink } from "../sweep.ts";

interface Stale {
  /** By their indexes. */
  readonly links: ReadonlyMap<number, Remains["links"][number]>;
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
      ...[...links.values()].map(({ name, objectId }) =>
        staleItem("link_stale", `link ${name}, of ${objectId}`),
      ),
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

/**
 * What is unknown at first may be in the making, and at the second look, known meanwhile, on its way out: after the third it can be
 * neither.
 */
export async function findRemains(engine: Engine): Promise<Stale> {
  let stale = look(engine);
  for (let more = 2; more > 0 && stale.links.size + stale.namespaces.size + stale.files.size > 0; more--) {
    await engine.settled();
    await engine.parts.netstack.reaped();
    stale = common(stale, look(engine));
  }
  return stale;
}

/** A link is the same where its index is: an endpoint that leaves and joins has another each time. */
function common(seen: Stale, still: Stale): Stale {
  return {
    links: new Map([...still.links].filter(([index]) => seen.links.has(index))),
    namespaces: still.namespaces.intersection(seen.namespaces),
    files: still.files.intersection(seen.files),
  };
}

function look({ networks, endpoints, sandboxes, unrestored, parts }: Engine): Stale {
  const { links, namespaces } = parts.netstack.remains();
  const isWanted = (id: string) =>
    unrestored.has(id) || networks.byId(id) !== undefined || hasLink(endpoints.get(id));
  const kept = [...sandboxes];
  const paths = new Set(kept.map(({ namespace }) => namespace?.path));
  const known = new Set([...unrestored.keys(), ...kept.map(({ id }) => id)].map((id) => id.slice(0, 12)));
  return {
    links: new Map(links.filter(({ objectId }) => !isWanted(objectId)).map((one) => [one.index, one])),
    namespaces: new Set(namespaces.filter((path) => !paths.has(path))),
    files: new Set(parts.files.known().filter((id) => !known.has(id))),
  };
}

export function sweepRemains(
  { parts: { netstack, files } }: Engine,
  { links, namespaces, files: stale }: Stale,
): void {
  const owners = new Set([...links.values()].map(({ objectId }) => objectId));
  if (links.size > 0) netstack.sweepLinks((id) => !owners.has(id));
  if (namespaces.size > 0)
    netstack.sweepNamespaces(
      new Set(netstack.remains().namespaces.filter((path) => !namespaces.has(path))),
      new Set(),
    );
  if (stale.size > 0) files.sweep(new Set(files.known().filter((id) => !stale.has(id))));
}
