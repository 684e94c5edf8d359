/**
 * Links where no resolver answers, as in the default network: lines in the hosts file of who links, as Docker's `--link` makes them. They follow
 * who is linked to: when it comes, goes, or gets another address.
 */
import type { SandboxFileContent } from "../../contracts/sandbox-files.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import { addressesOf, answersNames, containerNames, namesOf } from "./sandbox-names.ts";

/** What a sandbox is called in a network, or links to there. */
interface Entry {
  /** Network and name. */
  readonly key: string;
  readonly endpoint: EndpointCore;
  readonly addresses: readonly string[];
}

interface Entries {
  readonly names: readonly Entry[];
  readonly links: readonly Entry[];
}

const noEntries: Entries = Object.freeze({ names: [], links: [] });

/** By network and name, so that nobody is looked for among all sandboxes. */
export class HostLinks {
  readonly #entries = new Map<SandboxCore, Entries>();
  /** Who is called so, the first to come first. */
  readonly #called = new Map<string, Set<EndpointCore>>();
  /** Who links to that name. */
  readonly #linking = new Map<string, Set<EndpointCore>>();

  /**
   * Takes note of what a sandbox is called now, and links to.
   *
   * @returns those besides it whose links lead elsewhere now
   */
  update(sandbox: SandboxCore): ReadonlySet<SandboxCore> {
    const before = this.#entries.get(sandbox) ?? noEntries;
    const now = entriesOf(sandbox);
    for (const { key, endpoint } of before.links) drop(this.#linking, key, endpoint);
    for (const { key, endpoint } of now.links) put(this.#linking, key, endpoint);
    for (const { key, endpoint } of before.names) drop(this.#called, key, endpoint);
    for (const { key, endpoint } of now.names) put(this.#called, key, endpoint);
    if (now === noEntries) this.#entries.delete(sandbox);
    else this.#entries.set(sandbox, now);
    return this.#linkingTo(changedKeys(before.names, now.names), sandbox);
  }

  /** What a sandbox's links say in its hosts file. */
  lines(sandbox: SandboxCore): SandboxFileContent["links"] {
    return [...sandbox.joined].filter(isInHosts).flatMap((endpoint) => this.#linesOf(endpoint));
  }

  #linesOf({ network, record: { options } }: EndpointCore): SandboxFileContent["links"] {
    return Object.entries(options.links).flatMap(([alias, name]) => {
      const [target] = this.#called.get(keyOf(network.id, name)) ?? [];
      const container = target?.sandbox;
      if (target === undefined || container === undefined) return [];
      const names = [...new Set([alias, target.name, ...containerNames(container).slice(0, 1)])];
      return addressesOf(target).map((address) => ({ address, names }));
    });
  }

  #linkingTo(keys: Iterable<string>, self: SandboxCore): ReadonlySet<SandboxCore> {
    const found = new Set<SandboxCore>();
    for (const key of keys) {
      for (const { sandbox } of this.#linking.get(key) ?? []) {
        if (sandbox !== undefined && sandbox !== self) found.add(sandbox);
      }
    }
    return found;
  }
}

function entriesOf(sandbox: SandboxCore): Entries {
  const endpoints = [...sandbox.joined].filter(isInHosts);
  if (endpoints.length === 0) return noEntries;
  const entries = (endpoint: EndpointCore, names: readonly string[]): readonly Entry[] => {
    const addresses = addressesOf(endpoint);
    return names.map((name) => ({ key: keyOf(endpoint.network.id, name), endpoint, addresses }));
  };
  return {
    names: endpoints.flatMap((endpoint) => entries(endpoint, namesOf(endpoint, sandbox))),
    links: endpoints.flatMap((endpoint) => entries(endpoint, Object.values(endpoint.record.options.links))),
  };
}

/** Whether what it links to stands in the hosts file, for want of a resolver. */
function isInHosts({ engine, network }: EndpointCore): boolean {
  return engine.parts.resolver === undefined || !answersNames(network);
}

function keyOf(networkId: string, name: string): string {
  return `${networkId} ${name.toLowerCase()}`;
}

function changedKeys(before: readonly Entry[], now: readonly Entry[]): ReadonlySet<string> {
  const text = ({ key, endpoint, addresses }: Entry) => [key, endpoint.id, ...addresses].join(" ");
  const [old, current] = [new Set(before.map(text)), new Set(now.map(text))];
  const changed = [
    ...before.filter((entry) => !current.has(text(entry))),
    ...now.filter((entry) => !old.has(text(entry))),
  ];
  return new Set(changed.map(({ key }) => key));
}

function put(index: Map<string, Set<EndpointCore>>, key: string, endpoint: EndpointCore): void {
  const there = index.get(key);
  if (there === undefined) index.set(key, new Set([endpoint]));
  else there.add(endpoint);
}

function drop(index: Map<string, Set<EndpointCore>>, key: string, endpoint: EndpointCore): void {
  const there = index.get(key);
  there?.delete(endpoint);
  if (there?.size === 0) index.delete(key);
}
