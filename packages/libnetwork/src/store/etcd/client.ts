/**
 * EtcdClient: calls to an etcd of several members, of which any that answers is asked. While none does, calls fail at once, and one call at a time
 * looks whether that has changed.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Availability } from "../../contracts/shared-store.ts";
import { messageOf } from "../../errors.ts";
import { storeClosed, storeUnavailable } from "../failures.ts";
import { Reachability } from "../shared/reachability.ts";
import type { Credentials } from "./credentials.ts";
import { asStoreError, isOfTheMember, isOfTheToken, mayHaveHappened } from "./failures.ts";
import { type Method, range } from "./methods.ts";
import { Channel, type Metadata, type Stream, type StreamListener } from "./wire/channel.ts";
import { CallFailure, isCallFailure, status } from "./wire/status.ts";

/** How long a member may take to answer, milliseconds. */
const answerPatience = 2000;
/** Between two rounds of all members. */
const roundPause = 150;
/** Between two looks at an etcd that is away: at first, and at most. */
const firstLook = 200;
const lastLook = 2000;

/** Has a member that has lost the others say so, instead of waiting for them. */
const always = { hasleader: "true" };

interface Tls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export interface ClientOptions {
  readonly endpoints: readonly string[];
  readonly tls: Tls;
  readonly credentials?: Credentials;
  /** A key that may be read, to see whether etcd answers. */
  readonly probe: Buffer;
  /** How long a call goes on asking member after member, milliseconds. */
  readonly patience: number;
}

/** What every answer of etcd's has. */
interface Answer {
  readonly header: { readonly revision: number } | undefined;
}

export interface MemberStream extends Stream {
  /** The token that it was opened with is not good any more: the next stream gets another. */
  forgetToken(): void;
}

export class EtcdClient {
  readonly #channels: readonly Channel[];
  readonly #credentials: Credentials | undefined;
  readonly #probe: Buffer;
  readonly #patience: number;
  readonly #closing = new AbortController();
  readonly #reachability = new Reachability({ available: false, reason: "not connected yet" });
  /** Which member is asked first. */
  #current = 0;
  #seen = 1;
  /** While etcd is away: the look-out for it. */
  #lookOut: Promise<void> | undefined;

  constructor({ endpoints, tls, credentials, probe, patience }: ClientOptions) {
    this.#channels = endpoints.map((url) => new Channel(url, tls));
    this.#credentials = credentials;
    this.#probe = probe;
    this.#patience = patience;
  }

  get availability(): Availability {
    return this.#reachability.now;
  }

  onAvailability(listener: (now: Availability) => void, signal: AbortSignal): void {
    this.#reachability.onChange(listener, signal);
  }

  /** Looks whether etcd answers; afterwards {@link availability} says so. */
  async open(): Promise<void> {
    try {
      await this.#look();
      this.#reachability.set({ available: true });
    } catch (error) {
      this.#away(messageOf(error));
    }
  }

  /** Until the signal aborts, the client closes, or etcd can be reached. */
  async available(signal: AbortSignal): Promise<void> {
    const over = AbortSignal.any([signal, this.#closing.signal]);
    if (this.availability.available || over.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const listening = new AbortController();
    this.onAvailability(({ available }) => available && resolve(), listening.signal);
    over.addEventListener("abort", () => resolve(), { once: true, signal: listening.signal });
    await promise;
    listening.abort();
  }

  /** @throws store_unavailable, store_closed, and what {@link asStoreError} makes of what etcd says */
  async call<Q, A extends Answer>(method: Method<Q, A>, request: Q): Promise<A> {
    const message = method.request.encode(request);
    return await this.#round(
      (channel) => this.#ask(channel, method, message),
      (failure) => method.isRepeatable || !mayHaveHappened(failure),
    );
  }

  /** @throws store_unavailable, store_closed */
  async stream(path: string, listener: StreamListener): Promise<MemberStream> {
    return await this.#round(async (channel) => {
      const token = await this.#credentials?.token(channel);
      const stream = await channel.stream(path, metadataOf(token), {
        message: (message) => listener.message(message),
        ended: (failure) => {
          if (isOfTheToken(failure)) this.#credentials?.forget(token);
          if (isOfTheMember(failure)) this.#leave(channel);
          listener.ended(failure);
        },
      });
      return { ...stream, forgetToken: () => this.#credentials?.forget(token) };
    });
  }

  /** For who finds that the member that is asked first does not do what it should. */
  leaveMember(): void {
    const channel = this.#channels[this.#current];
    if (channel) this.#leave(channel);
  }

  /** For who finds that etcd cannot do what it should, whichever member is asked. */
  giveUp(reason: string): void {
    this.#away(reason);
  }

  /** The newest revision that etcd has told of. */
  get seen(): number {
    return this.#seen;
  }

  see(revision: number): void {
    this.#seen = Math.max(this.#seen, revision);
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  close(): void {
    this.#closing.abort();
    for (const channel of this.#channels) channel.close();
  }

  /**
   * Asks member after member, until one answers, or the time is up: then etcd is away.
   *
   * @param mayGoOn whether another member may be asked after that failure
   */
  async #round<T>(
    ask: (channel: Channel) => Promise<T>,
    mayGoOn: (failure: CallFailure) => boolean = () => true,
  ): Promise<T> {
    this.#mustBeOpen();
    const { available, reason } = this.availability;
    if (!available) throw storeUnavailable(reason ?? "no reason known");
    const end = performance.now() + this.#patience;
    for (;;) {
      let last = "";
      for (const channel of this.#inOrder()) {
        try {
          return await ask(channel);
        } catch (error) {
          this.#mustBeOpen();
          if (!isCallFailure(error)) throw error;
          last = `${channel.url}: ${error.message}`;
          if (isOfTheToken(error)) this.#away(last);
          if (isOfTheMember(error)) this.#leave(channel);
          if (!isOfTheMember(error) || !mayGoOn(error)) throw asStoreError(error, !mayGoOn(error));
        }
      }
      // Meanwhile somebody else may have found the same.
      if (performance.now() > end || !this.availability.available) {
        this.#away(last);
        throw storeUnavailable(last);
      }
      await sleep(roundPause);
    }
  }

  async #ask<Q, A extends Answer>(
    channel: Channel,
    { path, answer }: Method<Q, A>,
    message: Buffer,
  ): Promise<A> {
    const attempt = async (token: string | undefined): Promise<A> => {
      const bytes = await channel.unary(path, message, metadataOf(token), answerPatience);
      const decoded = answer.decode(bytes);
      this.see(decoded.header?.revision ?? 0);
      return decoded;
    };
    const token = await this.#credentials?.token(channel);
    try {
      return await attempt(token);
    } catch (error) {
      if (error instanceof RangeError)
        throw new CallFailure(status.internal, error.message, { cause: error });
      if (!this.#credentials || !isCallFailure(error) || !isOfTheToken(error)) throw error;
      this.#credentials.forget(token);
      return await attempt(await this.#credentials.token(channel));
    }
  }

  #inOrder(): readonly Channel[] {
    return [...this.#channels.slice(this.#current), ...this.#channels.slice(0, this.#current)];
  }

  /** From now on another is asked first. */
  #leave(channel: Channel): void {
    if (this.#channels[this.#current] === channel)
      this.#current = (this.#current + 1) % this.#channels.length;
  }

  #away(reason: string): void {
    if (this.isClosed) return;
    this.#reachability.set({ available: false, reason });
    this.#lookOut ??= this.#lookUntilBack();
  }

  async #lookUntilBack(): Promise<void> {
    let pause = firstLook;
    for (;;) {
      try {
        await sleep(pause * (0.75 + Math.random() / 2), undefined, { signal: this.#closing.signal });
        await this.#look();
        // Before anybody is told: who then finds it away again needs another.
        this.#lookOut = undefined;
        this.#reachability.set({ available: true });
        return;
      } catch (error) {
        if (this.isClosed) return;
        this.#reachability.set({ available: false, reason: messageOf(error) });
      }
      pause = Math.min(2 * pause, lastLook);
    }
  }

  /** One round over all members. @throws what the last one said */
  async #look(): Promise<void> {
    let last: unknown;
    for (const channel of this.#inOrder()) {
      try {
        await this.#ask(channel, range, range.request.encode({ key: this.#probe, countOnly: true }));
        return;
      } catch (error) {
        // One that refuses answers. Whoever asks next is told.
        if (isCallFailure(error) && !isOfTheMember(error) && !isOfTheToken(error)) return;
        last = new Error(`${channel.url}: ${messageOf(error)}`);
        this.#leave(channel);
      }
    }
    throw last;
  }

  #mustBeOpen(): void {
    if (this.isClosed) throw storeClosed();
  }
}

function metadataOf(token: string | undefined): Metadata {
  return token === undefined || token === "" ? always : { ...always, token };
}
