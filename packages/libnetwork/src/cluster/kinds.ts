/**
 * What the hosts of a cluster share, by kind: docs/adr/0028-what-hosts-share.md.
 */

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
/** Host ports of services, as `8000/tcp`, each with the {@link serviceKey} of the service that has it. */
export const hostPortKind = "host-port";
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
/** What a host was given and holds itself, a thing (held-things.ts) by `kind/id`: put and deleted by the commits that give and take it. */
export const heldKind = (hostId: string) => `held.${hostId}`;

/** In a network a service is known by its name. */
export const serviceKey = (networkId: string, name: string) => `${networkId}/${name}`;
