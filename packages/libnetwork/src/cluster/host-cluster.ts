/**
 * HostCluster: all that one host has to do with the others, over a store that they share.
 */
import type { Cluster, HostsListener, MembershipListener } from "../contracts/cluster.ts";
import type { ClusterHost } from "../contracts/overlay.ts";
import type { Availability, SharedStore } from "../contracts/shared-store.ts";
import type { TunnelKeys } from "../contracts/tunnel-keys.ts";
import type { CausewayError } from "../errors.ts";
import type { PoolRange } from "../ipam/default-ranges.ts";
import { SharedAddresses } from "./addresses.ts";
import { Allocations } from "./allocations.ts";
import { Hosts } from "./hosts.ts";
import { type Lifetimes, Membership } from "./membership.ts";
import { SharedNetworks } from "./networks.ts";
import { SharedNumbers } from "./numbers.ts";
import { SharedPeers } from "./peers.ts";
import { SharedPools } from "./pools.ts";
import { Retention, sweepHolders } from "./retention.ts";
import { SharedServices } from "./services.ts";
import { SharedKeys } from "./shared-keys.ts";
import { TunnelEnds } from "./tunnel-ends.ts";

export interface HostClusterOptions {
  readonly self: ClusterHost;
  readonly lifetimes: Lifetimes;
  /** Where automatic pools come from. Default: 10.0.0.0/8 as /24, and /64 of a range of the host's own. */
  readonly defaultPools?: readonly PoolRange[];
}

export class HostCluster implements Cluster {
  readonly self: ClusterHost;
  readonly store: SharedStore;
  readonly membership: Membership;
  readonly allocations: Allocations;
  readonly networks: SharedNetworks;
  readonly services: SharedServices;
  readonly pools: SharedPools;
  readonly addresses: SharedAddresses;
  readonly numbers: SharedNumbers;
  readonly peers: SharedPeers;
  readonly #retention: Retention;
  readonly #closing = new AbortController();

  /** The store stays its caller's. */
  constructor(store: SharedStore, { self, lifetimes, defaultPools }: HostClusterOptions) {
    const { signal } = this.#closing;
    this.self = self;
    this.store = store;
    const membership = new Membership(store, self, lifetimes);
    const allocations = new Allocations(store, membership, signal);
    const networks = new SharedNetworks(store, membership, allocations);
    const services = new SharedServices({ store, membership, allocations, networks });
    this.pools = new SharedPools(store, allocations, self.id, defaultPools);
    this.addresses = new SharedAddresses({ store, membership, allocations, networks, services });
    this.membership = membership;
    this.allocations = allocations;
    this.networks = networks;
    this.services = services;
    this.numbers = new SharedNumbers(store, allocations);
    this.peers = new SharedPeers(store, membership, signal);
    this.#retention = new Retention(store);
    this.membership.listen({ revived: () => this.peers.revived() });
  }

  get availability(): Availability {
    return this.store.availability;
  }

  onAvailability(listener: (now: Availability) => void, signal: AbortSignal): void {
    this.store.onAvailability(listener, AbortSignal.any([signal, this.#closing.signal]));
  }

  get refusal(): CausewayError | undefined {
    return this.membership.refusal;
  }

  start(): void {
    this.membership.start();
  }

  /** @throws store_unavailable */
  async leave(): Promise<void> {
    await this.membership.leave();
    await sweepHolders(this.store);
  }

  listen(listener: MembershipListener): void {
    this.membership.listen(listener);
  }

  /** Tells of hosts that come and go, this one among them, until it is closed. */
  followHosts(listener: HostsListener): void {
    const hosts = new Hosts(this.store, listener);
    this.#closing.signal.addEventListener("abort", () => hosts.close(), { once: true });
  }

  /**
   * Once something encrypts here, hands it the cluster's keys and tells it of the other hosts, and has the keys changed in time, until it
   * is closed.
   *
   * @param periodMs how long a generation is used
   */
  serveKeys(tunnels: TunnelKeys, periodMs: number): void {
    const { store, membership } = this;
    const { signal } = this.#closing;
    const ends = new TunnelEnds(store, membership, tunnels, signal);
    const keys = new SharedKeys(store, membership, { tunnels, periodMs, signal });
    membership.listen({
      revived() {
        ends.tell();
        keys.standForKeeper();
      },
    });
    tunnels.onLife((life) => {
      ends.begin(life);
      keys.begin();
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.addresses.close();
    this.networks.close();
    this.services.close();
    await Promise.all([this.membership.close(), this.#retention.close()]);
  }
}
