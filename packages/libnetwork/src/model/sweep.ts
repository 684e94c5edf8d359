/**
 * The sweep at start-up: what carries our mark and belongs to nothing that is stored was left by a run that was killed. What
 * could not be taken up is stored, and keeps what it has.
 */
import type { EndpointCore } from "./endpoint-core.ts";
import type { Engine } from "./engine.ts";
import type { RestoreProblem } from "./restore.ts";

export function sweep(engine: Engine, problems: readonly RestoreProblem[]): void {
  const { networks, endpoints, sandboxes, parts } = engine;
  const unknown = new Set(problems.map(({ id }) => id));
  const isWanted = (id: string) => {
    const endpoint = endpoints.get(id);
    return (
      unknown.has(id) || networks.byId(id) !== undefined || (endpoint !== undefined && hasLink(endpoint))
    );
  };
  parts.netstack.sweepLinks(isWanted);
  const all = [...sandboxes];
  const paths = all.map(({ namespace }) => namespace?.path).filter((path) => path !== undefined);
  parts.netstack.sweepNamespaces(new Set(paths), unknown);
  parts.files.sweep(new Set([...unknown, ...all.map(({ id }) => id)]));
}

/** One that joined a sandbox which waits for its namespace has none yet, and one in a lost sandbox none any more. */
function hasLink({ record, sandbox }: EndpointCore): boolean {
  return record.join?.interface !== undefined && sandbox?.lost === false;
}
