/**
 * Losses: what rtnetlink told of within some milliseconds, gathered, and then traced to the objects that it may be about. The kernel
 * is asked once for each link, and only where the events do not say whose it is, nor those of the next span: a question waits for
 * whoever deletes links, and most losses are a part of that.
 */
import { isKernelError, type LossEvent, link, type Rtnl } from "@causeway/kernel";
import type { Hint } from "../contracts/host-watch.ts";

/** A link of another namespace; undefined: any of it. */
interface FarLink {
  readonly namespaceId: number;
  readonly index: number | undefined;
}

/** What was told in one span of time. */
class Batch {
  /** Links of the host by index: something of theirs was lost, or at their other end. */
  readonly indexes = new Set<number>();
  /** Of those that were told with their alias: they need no looking up, and may be gone. */
  readonly known = new Set<number>();
  readonly far = new Map<string, FarLink>();
  /** Keys of those that were deleted: their addresses and routes went with them. */
  readonly farGone = new Set<string>();

  /** Leaves out what another batch has answered. */
  without({ known, farGone }: Batch): this {
    for (const index of known) this.indexes.delete(index);
    for (const key of farGone) this.far.delete(key);
    return this;
  }
}

export class Losses {
  /** What the aliases of our links begin with. */
  readonly #mark: string;
  #host = false;
  /** By id. */
  readonly #objects = new Set<string>();
  readonly #names = new Set<string>();
  #fresh = new Batch();
  /** What was fresh the last time: what follows of the same hand has been told by now. */
  #ripe = new Batch();

  constructor(mark: string) {
    this.#mark = mark;
  }

  add(event: LossEvent): void {
    const { namespaceId } = event;
    if (event.type === "forwarding-lost") this.#host ||= namespaceId === undefined;
    else if (event.type === "link-lost") this.#addLink(event);
    else if (namespaceId !== undefined) {
      this.#fresh.far.set(farKey(namespaceId, event.link), { namespaceId, index: event.link });
    } else if (event.link !== undefined) this.#fresh.indexes.add(event.link);
  }

  #addLink(event: Extract<LossEvent, { type: "link-lost" }>): void {
    const { indexes, known, farGone } = this.#fresh;
    if (event.namespaceId !== undefined) {
      // In a namespace of a network's own the links carry our mark, and it tells all that there is to tell.
      if (event.alias?.startsWith(this.#mark) === true) {
        this.#addOwned(event.name, event.alias);
        return;
      }
      if (event.loss === "removed") farGone.add(farKey(event.namespaceId, event.index));
      // Where the other end has gone too, the host's own event tells of it.
      if (event.peer !== undefined && event.peer !== 0) indexes.add(event.peer);
    } else if (event.loss === "off-bridge") indexes.add(event.index);
    else {
      known.add(event.index);
      this.#addOwned(event.name, event.alias);
    }
  }

  #addOwned(name: string, alias: string | undefined): void {
    if (alias?.startsWith(this.#mark) === true) this.#objects.add(alias.slice(this.#mark.length));
    else this.#names.add(name);
  }

  /** Something is left for the next {@link Losses.take}. */
  get unripe(): boolean {
    return this.#ripe.indexes.size + this.#ripe.far.size > 0;
  }

  /** Where to look, once: at what was told with its owner at once, at what is to be traced the next time. */
  take(rtnl: Rtnl): readonly Hint[] {
    const fresh = this.#fresh.without(this.#fresh).without(this.#ripe);
    const ripe = this.#ripe.without(fresh);
    this.#ripe = fresh;
    this.#fresh = new Batch();
    this.#trace(rtnl, ripe);
    const hints: Hint[] = [
      ...(this.#host ? [{ about: "host" } as const] : []),
      ...[...this.#objects].map((id) => ({ about: "object", id }) as const),
      ...[...this.#names].map((name) => ({ about: "link", name }) as const),
    ];
    this.#host = false;
    this.#objects.clear();
    this.#names.clear();
    return hints;
  }

  #trace(rtnl: Rtnl, { indexes, far }: Batch): void {
    for (const one of far.values()) for (const index of nearEnds(rtnl, one)) indexes.add(index);
    for (const index of indexes) {
      const found = rtnl.findLink({ index });
      if (found !== undefined) this.#addOwned(found.name, found.alias);
    }
  }
}

/** The host's ends of a link of another namespace, by index. */
function nearEnds(rtnl: Rtnl, { namespaceId, index }: FarLink): readonly number[] {
  return linksThere(rtnl, namespaceId, index)
    .map(({ parentIndex }) => parentIndex)
    .filter((near) => near !== undefined)
    .filter((near) => rtnl.findLink({ index: near })?.linkNamespaceId === namespaceId);
}

const farKey = (namespaceId: number, index: number | undefined) => `${namespaceId} ${index}`;

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
