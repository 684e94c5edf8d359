/**
 * Things that only one has in the whole cluster: which they are, and for whom a host holds them.
 */
import type { AllocationOwner } from "../contracts/ipam.ts";
import type { PlainData } from "../contracts/store.ts";
import { CausewayError } from "../errors.ts";
import { fieldOf, textOf } from "./fields.ts";

/** The record of it is of this kind, and has this id. */
export interface Thing {
  readonly kind: string;
  readonly id: string;
}

/** A thing that a host holds, for an endpoint of its or a network that it is about to make. */
export interface HeldThing extends Thing {
  /** Id of the endpoint or network. */
  readonly owner: string;
}

export const keyOf = ({ kind, id }: Thing) => `${kind}/${id}`;

/** Whose it is, too. */
export const holdingOf = (thing: HeldThing) => `${keyOf(thing)} ${thing.owner}`;

/** Undefined where it is none. */
function readThing(value: PlainData): Thing | undefined {
  const kind = textOf(value, "kind");
  const id = textOf(value, "id");
  return kind === undefined || id === undefined ? undefined : { kind, id };
}

/** Undefined where it is none. */
export function readHeld(value: PlainData): HeldThing | undefined {
  const thing = readThing(value);
  const owner = textOf(value, "owner");
  return thing === undefined || owner === undefined ? undefined : { ...thing, owner };
}

/** What a stored network or service says that it has. */
export function thingsOf(fields: PlainData | undefined): readonly Thing[] {
  const things = fieldOf(fields, "things");
  return Array.isArray(things) ? things.flatMap((thing: PlainData) => readThing(thing) ?? []) : [];
}

/** Whoever asks for something that hosts share says whose it is to be. */
export function ownerOf(owner: AllocationOwner | undefined): AllocationOwner {
  if (owner !== undefined) return owner;
  throw new CausewayError(
    "internal",
    "owner_missing",
    "what hosts share is taken and given back by an owner only",
  );
}
