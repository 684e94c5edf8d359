/**
 * What the hosts of a cluster share, by kind: docs/adr/0028-what-hosts-share.md.
 */
import type { PlainData } from "../contracts/store.ts";

/** Hosts that are alive: under the host's life. */
export const hostKind = "host";
/** Hosts that still hold what they were given: under the host's retention. */
export const claimKind = "host-claim";
/** Hosts that may hold something, alive or not. No lease. */
export const holderKind = "holder";
export const networkKind = "network";
export const networkNameKind = "network-name";
/** Networks that a host is about to delete: that nobody begins anything in them meanwhile. */
export const goingKind = "network-going";
/** Services of all networks, by {@link serviceKey}. */
export const serviceKind = "service";
/** Services that a host is about to delete: that nobody is made one of their members meanwhile. */
export const serviceGoingKind = "service-going";
export const poolKind = "pool";
/** Its one record, {@link poolsRevisionId}, is put by every commit that adds a pool. */
export const poolsKind = "pools";
export const poolsRevisionId = "revision";

/** What tunnels are encrypted with, by generation. No lease: a cluster of which all hosts were away has its keys still. */
export const tunnelKeyKind = "tunnel-key";
/** Lives of hosts that encrypt, each with where its tunnels end: under the host's life. */
export const tunnelEndKind = "tunnel-end";
/** The host that has the keys' next generation made in time: its one record, {@link keeperId}, under that host's life. */
export const keeperKind = "tunnel-keeper";
export const keeperId = "keeper";

/** Numbers of a space, each with the id of the network that has it. */
export const numberKind = (space: string) => `number.${space}`;
/** Addresses of a network, each with whose it is. */
export const addressKind = (networkId: string) => `address.${networkId}`;
/** Endpoints that are joined, on all hosts. */
export const peerKind = (networkId: string) => `peer.${networkId}`;
/** What a host was given and holds itself, {@link HeldThing} by `kind/id`: put and deleted by the commits that give and take it. */
export const heldKind = (hostId: string) => `held.${hostId}`;

/** Something that only one has. */
export interface Thing {
  readonly kind: string;
  readonly id: string;
}

/** A thing that a host holds, for an endpoint of its or a network that it is about to make. */
export interface HeldThing extends Thing {
  /** Id of the endpoint or network. */
  readonly owner: string;
}

/** In a network a service is known by its name. */
export const serviceKey = (networkId: string, name: string) => `${networkId}/${name}`;

export const keyOf = ({ kind, id }: Thing) => `${kind}/${id}`;

/** Undefined where it is none: another release has stored it, or somebody by hand. */
export function readHeld(value: PlainData): HeldThing | undefined {
  const kind = textOf(value, "kind");
  const id = textOf(value, "id");
  const owner = textOf(value, "owner");
  return kind === undefined || id === undefined || owner === undefined ? undefined : { kind, id, owner };
}

/** What a stored network or service says that it has. */
export function thingsOf(fields: PlainData | undefined): readonly Thing[] {
  const things = fieldOf(fields, "things");
  if (!Array.isArray(things)) return [];
  return things.flatMap((thing: PlainData) => {
    const kind = textOf(thing, "kind");
    const id = textOf(thing, "id");
    return kind === undefined || id === undefined ? [] : [{ kind, id }];
  });
}

/** A field of a value that may be anything. */
export function fieldOf(value: PlainData | undefined, field: string): PlainData | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, field) ? (value as Readonly<Record<string, PlainData>>)[field] : undefined;
}

export function textOf(value: PlainData | undefined, field: string): string | undefined {
  const found = fieldOf(value, field);
  return typeof found === "string" ? found : undefined;
}
