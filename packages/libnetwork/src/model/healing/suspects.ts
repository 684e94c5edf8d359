/**
 * From a hint to the subjects that it may be about: by indexes, for most hints are of our own doing and about nothing.
 */
import type { HealthSubject } from "../../contracts/health.ts";
import type { Hint } from "../../contracts/host-watch.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import type { Engine } from "../engine.ts";
import { subjectKey } from "../health/subject-health.ts";

type ObjectKind = "network" | "endpoint" | "sandbox";

const subject = (
  kind: ObjectKind,
  { id, name }: { readonly id: string; readonly name: string },
): HealthSubject => ({
  kind,
  id,
  name,
});

/** What others stand on comes first. */
const order: readonly HealthSubject["kind"][] = [
  "host",
  "firewall",
  "network",
  "endpoint",
  "sandbox",
  "store",
];

/** Distinct, in the order in which they are to be looked at. */
export function suspects(engine: Engine, hints: readonly Hint[]): readonly HealthSubject[] {
  const found = new Map<string, HealthSubject>();
  for (const hint of hints) {
    for (const suspect of suspectsOf(engine, hint)) found.set(subjectKey(suspect), suspect);
  }
  return [...found.values()].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

function suspectsOf(engine: Engine, hint: Hint): readonly HealthSubject[] {
  switch (hint.about) {
    case "everything":
      return everything(engine);
    case "host":
    case "firewall":
      return [{ kind: hint.about }];
    case "object":
      return ofObject(engine, hint.id);
    case "link":
      return ofLink(engine, hint.name);
    case "namespace":
      return ofNamespace(engine, hint.path);
    case "nothing":
      return [];
  }
}

function everything(engine: Engine): readonly HealthSubject[] {
  const joined = [...engine.endpoints.values()].filter(({ record }) => record.join !== undefined);
  return [
    { kind: "host" },
    { kind: "firewall" },
    ...[...engine.networks].map((network) => subject("network", network)),
    ...[...engine.sandboxes].map((sandbox) => subject("sandbox", sandbox)),
    ...joined.map((endpoint) => subject("endpoint", endpoint)),
  ];
}

function ofObject(engine: Engine, id: string): readonly HealthSubject[] {
  const network = engine.networks.byId(id);
  if (network !== undefined) return [subject("network", network)];
  const endpoint = engine.endpoints.get(id);
  return endpoint === undefined ? [] : ofEndpoint(endpoint);
}

/** With a link, its namespace may have gone; and routes go with it. An endpoint that has left has nothing to lose. */
function ofEndpoint(endpoint: EndpointCore): readonly HealthSubject[] {
  const { sandbox } = endpoint;
  if (sandbox === undefined) return [];
  return [subject("endpoint", endpoint), subject("sandbox", sandbox)];
}

function ofLink(engine: Engine, name: string): readonly HealthSubject[] {
  for (const driver of engine.parts.drivers.values()) {
    const id = driver.networkOn?.(name);
    const network = id === undefined ? undefined : engine.networks.byId(id);
    if (network !== undefined) return [subject("network", network)];
  }
  return [];
}

/** The file's name is the beginning of the sandbox's id; of a network's own namespace, `network-` is before it. */
function ofNamespace(engine: Engine, path: string): readonly HealthSubject[] {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const [, networkId] = /^network-(.*)$/.exec(name) ?? [];
  const network = networkId === undefined ? undefined : engine.networks.find(networkId);
  if (network !== undefined) return [subject("network", network)];
  const sandbox = engine.sandboxes.find(name);
  return sandbox?.record.namespace?.path === path ? [subject("sandbox", sandbox)] : [];
}
