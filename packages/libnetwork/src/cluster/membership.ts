/**
 * Membership: this host's place in the cluster. It says that it lives, and that it holds what it was given, for as long as it runs.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { MembershipListener } from "../contracts/cluster.ts";
import type { ClusterHost } from "../contracts/overlay.ts";
import type { Lease, LeaseId, SharedChange, SharedStore } from "../contracts/shared-store.ts";
import type { CausewayError } from "../errors.ts";
import {
  hostIdInUse,
  isAway,
  isConflict,
  isForbidden,
  isHostIdInUse,
  isLeaseLost,
  storeUnavailable,
} from "./failures.ts";
import { textOf } from "./fields.ts";
import { claimKind, holderKind, hostKind } from "./kinds.ts";
import { readHost } from "./peer-record.ts";

const pauseMs = 50;
/** Before it tries again where it was refused: the other host that has its id may be gone, or etcd's roles may be others. */
const refusedPauseMs = 1000;
/** How long what needs its place waits for it while it registers: some calls of the store, and an election between them. */
const patienceMs = 3000;

/** How long a host is remembered that is not heard of. */
export interface Lifetimes {
  /** Seconds until the others do without it. */
  readonly life: number;
  /** Seconds until what it was given is given to others. */
  readonly retention: number;
}

interface Claim {
  readonly lease: Lease;
  /** Of the record of kind `host-claim`. */
  readonly revision: number;
}

export class Membership {
  readonly self: ClusterHost;
  readonly #store: SharedStore;
  readonly #lifetimes: Lifetimes;
  readonly #closing = new AbortController();
  readonly #listeners = new Set<MembershipListener>();
  #claim: Claim | undefined;
  #life: Lease | undefined;
  /** Of earlier runs: what these told stands under them, and some of it may not be so any more. */
  readonly #formerLives = new Set<LeaseId>();
  #hasLived = false;
  /** Who listens has put right what follows from the claim. */
  #isSettled = false;
  /** Aborts where it has to register anew. */
  #anew = new AbortController();
  #running: Promise<void> | undefined;
  #refusal: CausewayError | undefined;
  #fencing: Promise<void> | undefined;
  /** Resolves when whoever waits for its place, or for the store, is to look again. */
  #news = Promise.withResolvers<void>();

  constructor(store: SharedStore, self: ClusterHost, lifetimes: Lifetimes) {
    this.#store = store;
    this.self = self;
    this.#lifetimes = lifetimes;
    store.onAvailability(() => this.#tell(), this.#closing.signal);
  }

  /** Registers, and goes on with it until it is closed; nobody waits for it. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Its place stays until its lifetimes have passed: whoever opens again within these takes it up. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#tell();
    await this.#running;
  }

  /** Its place is given up at once. @throws store_unavailable */
  async leave(): Promise<void> {
    await this.close();
    await this.#life?.end();
    await this.#claim?.lease.end();
    this.#life = undefined;
    this.#claim = undefined;
  }

  listen(listener: MembershipListener): void {
    this.#listeners.add(listener);
  }

  /** It is registered, and the others know that it lives. */
  get isAlive(): boolean {
    return this.#claim !== undefined && this.#life !== undefined;
  }

  /** Why it is not registered although the store can be reached: another host has its id, or its user may not write there. */
  get refusal(): CausewayError | undefined {
    return this.#refusal;
  }

  /**
   * What every commit has with it that gives this host something or takes something from it: that others may not give it to somebody
   * else meanwhile, and that it is not another's with the same id.
   *
   * @throws store_unavailable while it is not registered, host_id_in_use
   */
  stillClaimed(): SharedChange {
    if (this.#claim === undefined) throw this.#notRegistered();
    return { op: "expect", kind: claimKind, id: this.self.id, ifRevision: this.#claim.revision };
  }

  /**
   * Returns when it is registered and the others know that it lives: at once but for a host that has just begun, or begins anew.
   *
   * @throws store_unavailable where the store is away, or lets it wait for too long; host_id_in_use
   */
  async registered(): Promise<void> {
    await this.#until(() => this.isAlive);
  }

  /**
   * A commit that expects the claim; again where nothing is wrong but that the claim is another one by now. A host that is about to
   * register does so first.
   *
   * @throws revision_conflict, store_unavailable, host_id_in_use
   */
  async commit(changes: readonly SharedChange[]): Promise<number> {
    for (;;) {
      await this.#until(() => this.#claim !== undefined);
      const claim = this.stillClaimed();
      try {
        return await this.#store.commit([claim, ...changes]);
      } catch (error) {
        if (!isConflict(error)) throw error;
        await this.checkClaim();
        if (this.stillClaimed().ifRevision === claim.ifRevision) throw error;
      }
    }
  }

  /** What lives as long as the host is put under it. @throws store_unavailable while it is not registered, host_id_in_use */
  life(): LeaseId {
    if (this.#life === undefined) throw this.#notRegistered();
    return this.#life.id;
  }

  /**
   * What an earlier run of this host told is gone, but for what this one has told again; nothing is done twice.
   *
   * @throws store_unavailable
   */
  async endFormerLives(): Promise<void> {
    if (this.#life === undefined) return;
    for (const former of this.#formerLives) {
      try {
        await this.#store.endLease(former);
      } catch (error) {
        if (isAway(error)) throw error;
        // It ends by itself, in time.
      }
      this.#formerLives.delete(former);
    }
  }

  /**
   * A commit has failed that expected the claim: where that is not as this host knows it, it registers again. A commit of which it was
   * not known whether it would happen may have happened late.
   *
   * @throws store_unavailable
   */
  async checkClaim(): Promise<void> {
    await this.#fencing?.catch(() => undefined);
    const claim = this.#claim;
    const record = await this.#store.get(claimKind, this.self.id);
    if (claim === undefined || this.#claim !== claim || record?.revision === claim.revision) return;
    this.#claim = undefined;
    this.#anew.abort();
    throw storeUnavailable("this host has to register there again");
  }

  /**
   * Of a commit of this host it is not known whether it happens: once this has returned it has happened, or never will, for the claim
   * that it expects is another one by now.
   *
   * @throws store_unavailable, host_id_in_use
   */
  fence(): Promise<void> {
    this.#fencing ??= this.#fence().finally(() => {
      this.#fencing = undefined;
    });
    return this.#fencing;
  }

  async #fence(): Promise<void> {
    const claim = this.#claim;
    if (claim === undefined) throw this.#notRegistered();
    const { id, name } = this.self;
    const { lease, revision: ifRevision } = claim;
    const put = { op: "put", kind: claimKind, id, value: { name }, lease: lease.id, ifRevision } as const;
    try {
      const revision = await this.#store.commit([put]);
      if (this.#claim === claim) this.#claim = { lease, revision };
    } catch (error) {
      if (!isConflict(error) && !isLeaseLost(error)) throw error;
      // It is not this claim any more: the next one is a fence, too.
      if (this.#claim === claim) this.#claim = undefined;
      this.#anew.abort();
      throw storeUnavailable("this host has to register there again");
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#register();
        await this.#untilLost();
      } catch (error) {
        if (isHostIdInUse(error) || isForbidden(error)) this.#refused(error);
        // Somebody registered meanwhile under the same id.
        else if (isConflict(error)) await this.checkClaim().catch(() => undefined);
        else if (!isAway(error) && !isLeaseLost(error)) process.emitWarning(String(error));
        const wait = this.#refusal === undefined ? pauseMs : refusedPauseMs;
        await pause(wait, undefined, { signal, ref: false }).catch(() => undefined);
        await this.#untilAvailable();
      }
    }
  }

  /** Each run of this host takes the place of the one before; that of another host with the same id it leaves alone. */
  async #register(): Promise<void> {
    const { id, name, address } = this.self;
    if (this.#claim === undefined) {
      const { guard: nobodyElse } = await this.#nobodyElse();
      const lease = await this.#store.lease(this.#lifetimes.retention);
      const revision = await this.#store.commit([
        nobodyElse,
        { op: "put", kind: claimKind, id, value: { name }, lease: lease.id },
        { op: "put", kind: holderKind, id, value: { name } },
      ]);
      this.#claim = { lease, revision };
      this.#isSettled = false;
      this.#tell();
    }
    if (!this.#isSettled) {
      for (const listener of this.#listeners) await listener.claimed?.();
      this.#isSettled = true;
    }
    if (this.#life === undefined) {
      const { guard, lease: former } = await this.#nobodyElse();
      // Where two runs have one id, they do not end each other's lives again and again.
      if (former !== undefined && !this.#hasLived) this.#formerLives.add(former);
      const lease = await this.#store.lease(this.#lifetimes.life);
      const value = { name, address, lease: lease.id };
      const { ifRevision } = guard;
      await this.#store.commit([
        this.stillClaimed(),
        { op: "put", kind: hostKind, id, value, lease: lease.id, ifRevision },
      ]);
      this.#life = lease;
      this.#hasLived = true;
      this.#refusal = undefined;
      this.#tell();
      for (const listener of this.#listeners) listener.revived?.();
    }
  }

  /**
   * That no host with another address lives under this id: a copy of the state directory is such a host. And the lease of the one with this
   * address, which is an earlier life of this host.
   *
   * @throws host_id_in_use, store_unavailable
   */
  async #nobodyElse() {
    const { id, address } = this.self;
    const record = await this.#store.get(hostKind, id);
    const other = record && readHost(record);
    if (other !== undefined && other.address !== address) throw hostIdInUse(this.self, other);
    const guard = { op: "expect", kind: hostKind, id, ifRevision: record?.revision ?? 0 } as const;
    return { guard, lease: textOf(record?.value, "lease") };
  }

  #notRegistered(): CausewayError {
    return this.#refusal ?? storeUnavailable("this host is not registered there yet");
  }

  #refused(error: CausewayError): void {
    // It is tried again and again: told once.
    if (this.#refusal?.message !== error.message) process.emitWarning(error.message);
    this.#refusal = error;
    // The other one's, by now.
    if (isHostIdInUse(error)) this.#claim = undefined;
    this.#tell();
  }

  async #until(isReady: () => boolean): Promise<void> {
    if (isReady()) return;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#tell();
    }, patienceMs);
    try {
      while (!isReady()) {
        if (isLate || !this.#isRegistering) throw this.#notRegistered();
        await this.#news.promise;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Nothing is known to be in the way. */
  get #isRegistering(): boolean {
    const { signal } = this.#closing;
    const isAtIt = this.#running !== undefined && !signal.aborted;
    return isAtIt && this.#refusal === undefined && this.#store.availability.available;
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  async #untilAvailable(): Promise<void> {
    while (!this.#closing.signal.aborted && !this.#store.availability.available) await this.#news.promise;
  }

  /** Returns when one of the leases has ended, the claim is another, or this is closed. */
  async #untilLost(): Promise<void> {
    this.#anew = new AbortController();
    if (this.#claim === undefined) return;
    const { signal: closing } = this.#closing;
    const lost = [this.#claim?.lease.lost, this.#life?.lost].filter((signal) => signal !== undefined);
    await aborted(AbortSignal.any([closing, this.#anew.signal, ...lost]));
    if (this.#claim?.lease.lost.aborted === true) this.#claim = undefined;
    if (this.#life?.lost.aborted === true) this.#life = undefined;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
