/**
 * Losses: what rtnetlink told of within some milliseconds, gathered, and then traced to the objects that it may be about. A lookup is
 * one question to the kernel for each link, however many events were about it.
 */
import { isKernelError, type LossEvent, link, type Rtnl } from "@causeway/kernel";
import type { Hint } from "../contracts/host-watch.ts";

/** A link of another namespace; undefined: any of it. */
interface FarLink {
  readonly namespaceId: number;
  readonly index: number | undefined;
}

export class Losses {
  /** What the aliases of our links begin with. */
  readonly #mark: string;
  #host = false;
  /** Objects by id, and whether something at the other end of their link is meant. */
  readonly #objects = new Map<string, boolean>();
  readonly #names = new Set<string>();
  /** Links of the host by index, likewise. */
  readonly #indexes = new Map<number, boolean>();
  readonly #far = new Map<string, FarLink>();
  /** Links of the host that were told with their alias: they need no looking up, and may be gone. */
  readonly #known = new Set<number>();

  constructor(mark: string) {
    this.#mark = mark;
  }

  add(event: LossEvent): void {
    const { namespaceId } = event;
    if (event.type === "forwarding-lost") this.#host ||= namespaceId === undefined;
    else if (event.type === "link-lost") this.#addLink(event);
    else if (namespaceId !== undefined) {
      this.#far.set(`${namespaceId} ${event.link}`, { namespaceId, index: event.link });
    } else if (event.link !== undefined) this.#addIndex(event.link, false);
  }

  #addLink(event: Extract<LossEvent, { type: "link-lost" }>): void {
    if (event.namespaceId !== undefined) {
      // Where the other end has gone too, the host's own event tells of it.
      if (event.peer !== undefined && event.peer !== 0) this.#addIndex(event.peer, true);
    } else if (event.loss === "off-bridge") this.#addIndex(event.index, false);
    else {
      this.#known.add(event.index);
      this.#addOwned(event.name, event.alias, false);
    }
  }

  #addIndex(index: number, inside: boolean): void {
    this.#indexes.set(index, inside || this.#indexes.get(index) === true);
  }

  #addOwned(name: string, alias: string | undefined, inside: boolean): void {
    if (alias?.startsWith(this.#mark) !== true) {
      this.#names.add(name);
      return;
    }
    const id = alias.slice(this.#mark.length);
    this.#objects.set(id, inside || this.#objects.get(id) === true);
  }

  /** Where to look, once. */
  take(rtnl: Rtnl): readonly Hint[] {
    try {
      return this.#trace(rtnl);
    } finally {
      this.#host = false;
      const gathered = [this.#objects, this.#names, this.#indexes, this.#far, this.#known];
      for (const part of gathered) part.clear();
    }
  }

  #trace(rtnl: Rtnl): readonly Hint[] {
    for (const far of this.#far.values()) this.#addFar(rtnl, far);
    for (const [index, inside] of this.#indexes) {
      if (!inside && this.#known.has(index)) continue;
      const found = rtnl.findLink({ index });
      if (found !== undefined) this.#addOwned(found.name, found.alias, inside);
    }
    return [
      ...(this.#host ? [{ about: "host" } as const] : []),
      ...[...this.#objects].map(([id, inside]) => ({ about: "object", id, inside }) as const),
      ...[...this.#names].map((name) => ({ about: "link", name }) as const),
    ];
  }

  /** From a link of another namespace to the host's end of it. */
  #addFar(rtnl: Rtnl, { namespaceId, index }: FarLink): void {
    for (const { parentIndex } of linksThere(rtnl, namespaceId, index)) {
      if (parentIndex === undefined) continue;
      // The other end may be in a third namespace, and the index here another link's.
      const near = rtnl.findLink({ index: parentIndex });
      if (near?.linkNamespaceId === namespaceId) this.#addIndex(parentIndex, true);
    }
  }
}

/** The link; all of the namespace where none is meant or that one has no other end, as loopback. */
function linksThere(rtnl: Rtnl, namespaceId: number, index: number | undefined): readonly link.Link[] {
  try {
    const found = index === undefined ? undefined : rtnl.findLink({ index }, { namespaceId });
    if (found?.parentIndex !== undefined) return [found];
    // Gone: an address and a route go with their link, and of that one there is an event.
    if (index !== undefined && found === undefined) return [];
    return rtnl.dump(link.list({ namespaceId }));
  } catch (error) {
    // The namespace is gone, or belongs to a user whose network is not ours to look at.
    if (isKernelError(error, "EINVAL", "EPERM", "ENODEV")) return [];
    throw error;
  }
}
