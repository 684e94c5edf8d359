/**
 * What to do about the states that there are, so that those are there which must be: data from data.
 *
 * A state that is not wanted any more stays as long as its generation does: packets of it are on their way, and one that was removed
 * and made again would count its packets from the start, under the same key.
 */
import type { xfrmState } from "@causeway/kernel";
import type { ClusterKey, TunnelEnd } from "../../../contracts/tunnel-keys.ts";
import { lifeOf, readSpi } from "./security-association.ts";

export interface StateChange {
  /** Before anything is added: they stand in the way, or are of no more use. */
  readonly remove: readonly FoundState[];
  /** In this order: what comes in is understood before anything goes out. */
  readonly add: readonly xfrmState.StateSettings[];
}

/** What is known when it is decided whether a state is of use. */
export interface Knowledge {
  readonly self: TunnelEnd;
  readonly keys: readonly ClusterKey[];
  /** The life that the host with the address is in; undefined where it is not known. */
  lifeAt(address: string): number | undefined;
}

/** Of a state, as the kernel shows it or as it was asked for, what it is told by. */
export type FoundState = Pick<xfrmState.StateSettings, "source" | "destination" | "spi" | "requestId"> &
  Partial<Pick<xfrmState.StateSettings, "sequence" | "selector" | "aead">>;

export function stateKey({ destination, spi }: xfrmState.StateId): string {
  return `${spi} ${destination}`;
}

/**
 * @param found of ours, those of the tunnels that are meant
 * @param wanted of the same tunnels
 */
export function difference(
  found: Iterable<FoundState>,
  wanted: readonly xfrmState.StateSettings[],
  knowledge: Knowledge,
): StateChange {
  const missing = new Map(wanted.map((state) => [stateKey(state), state]));
  const remove: FoundState[] = [];
  for (const state of found) {
    const key = stateKey(state);
    const same = missing.get(key);
    if (same !== undefined && isSame(state, same)) missing.delete(key);
    else if (same !== undefined || !isOfUse(state, knowledge)) remove.push(state);
  }
  return { remove, add: [...missing.values()] };
}

function isSame(found: FoundState, wanted: xfrmState.StateSettings): boolean {
  return (
    found.source === wanted.source &&
    found.requestId === wanted.requestId &&
    found.sequence === wanted.sequence &&
    found.selector?.destinationPort === wanted.selector?.destinationPort &&
    hasKey(found, wanted.aead.key)
  );
}

/** Where the kernel hides keys (lockdown(7)) they are taken to be right: all else that they are made of is the same. */
function hasKey({ aead }: FoundState, key: Uint8Array): boolean {
  if (aead === undefined) return false;
  return aead.key.every((byte) => byte === 0) || Buffer.compare(aead.key, key) === 0;
}

/** Of the lives that both hosts are in, by a key that there is. */
function isOfUse(state: FoundState, { self, keys, lifeAt }: Knowledge): boolean {
  const { life: sender, generation } = readSpi(state.spi);
  const isOutgoing = state.source === self.address;
  const own = isOutgoing ? sender : state.sequence;
  const other = isOutgoing ? state.sequence : sender;
  const known = lifeAt(isOutgoing ? state.destination : state.source);
  return (
    lifeOf(state.requestId) === self.life &&
    own === self.life &&
    (known === undefined || known === other) &&
    keys.some((key) => (key.generation & 0xff) === generation)
  );
}
