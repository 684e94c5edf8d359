/**
 * What is stale, for sure. What an operation is just making, or what is just being deleted, looks the same for a moment: only what
 * is there before and after they are over counts.
 */
import { type HealthItem, unread } from "../../contracts/health.ts";
import type { Engine } from "../engine.ts";
import { findStale, type Stale } from "../sweep.ts";

const host = { kind: "host" } as const;

export async function inspectStale(engine: Engine): Promise<readonly HealthItem[]> {
  try {
    const { links, namespaces, files } = await findSurelyStale(engine);
    return [
      ...links.map(({ name, objectId }) => staleItem("link_stale", `link ${name}, of ${objectId}`)),
      ...namespaces.map(({ path }) => staleItem("namespace_stale", `the namespace at ${path}`)),
      ...files.map((id) => staleItem("files_stale", `the files of sandbox ${id}`)),
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
export async function findSurelyStale(engine: Engine): Promise<Stale> {
  let stale = findStale(engine);
  for (let more = 2; more > 0 && !isEmpty(stale); more--) {
    await engine.settled();
    await engine.parts.netstack.reaped();
    stale = common(stale, findStale(engine));
  }
  return stale;
}

function isEmpty({ links, namespaces, files }: Stale): boolean {
  return links.length + namespaces.length + files.length === 0;
}

/** A link is the same where its index is: an endpoint that leaves and joins has another each time. */
function common(seen: Stale, still: Stale): Stale {
  return {
    links: still.links.filter(({ index, inside }) =>
      seen.links.some((link) => link.index === index && link.inside === inside),
    ),
    namespaces: still.namespaces.filter(({ path }) => seen.namespaces.some((one) => one.path === path)),
    files: still.files.filter((id) => seen.files.includes(id)),
  };
}
