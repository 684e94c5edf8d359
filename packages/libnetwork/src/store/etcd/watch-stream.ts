/**
 * WatchStream: all watches of a store over one stream to etcd. Where the stream breaks, another is opened, and each watch goes on there from what it
 * was told last.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CausewayError, forbidden } from "../../errors.ts";
import type { EtcdClient, MemberStream } from "./client.ts";
import type { KeyRange } from "./keys.ts";
import { watchPath } from "./methods.ts";
import { watchRequest, watchResponse } from "./wire/messages.ts";

/** Before another stream is opened in the place of one that told nothing. */
const pause = 200;

type Answer = ReturnType<typeof watchResponse.decode>;
export type WatchedChange = Answer["events"][number];

/**
 * Why a watch is over: `behind`: etcd has forgotten changes that it was not told, or knows less than it; `away`: etcd cannot be reached; or what
 * etcd has against it.
 */
export type WatchEnd = "behind" | "away" | CausewayError;

export interface WatchListener {
  /** In order; whole commits. */
  changes(changes: readonly WatchedChange[]): void;
  over(end: WatchEnd): void;
}

interface Watch {
  readonly id: number;
  readonly range: KeyRange;
  readonly listener: WatchListener;
  /** What it was told, up to and with this revision. */
  position: number;
  /** Whether etcd has refused it once, which may have been for a token that is too old. */
  wasRefused: boolean;
}

export class WatchStream {
  readonly #client: EtcdClient;
  readonly #patience: number;
  readonly #watches = new Map<number, Watch>();
  #stream: MemberStream | undefined;
  #isOpening = false;
  /** Watches that the stream's member was asked for and has not answered yet, in order. */
  #asked: number[] = [];
  #lastId = 0;
  /** Since when no stream has told anything; undefined: the last one did. */
  #brokenSince: number | undefined;

  /** @param patience how long streams may break without having told anything, milliseconds: then etcd is away */
  constructor(client: EtcdClient, patience: number, closing: AbortSignal) {
    this.#patience = patience;
    this.#client = client;
    client.onAvailability(({ available }) => available || this.#away(), closing);
  }

  /** Tells the changes after that revision. Answers with what ends it. */
  watch(range: KeyRange, position: number, listener: WatchListener): () => void {
    this.#lastId += 1;
    const watch: Watch = { id: this.#lastId, range, position, listener, wasRefused: false };
    this.#watches.set(watch.id, watch);
    if (this.#stream) this.#create(this.#stream, watch);
    else void this.#open();
    return () => this.#end(watch);
  }

  close(): void {
    this.#watches.clear();
    this.#stream?.close();
    this.#stream = undefined;
  }

  async #open(): Promise<void> {
    if (this.#isOpening) return;
    this.#isOpening = true;
    try {
      if (this.#brokenSince !== undefined) await sleep(pause);
      const stream = await this.#client.stream(watchPath, {
        message: (message) => this.#take(watchResponse.decode(message)),
        ended: (failure) => this.#broke(failure.message),
      });
      if (this.#watches.size === 0) {
        stream.close();
        return;
      }
      this.#stream = stream;
      this.#asked = [];
      for (const watch of this.#watches.values()) this.#create(stream, watch);
    } catch (error) {
      this.#endAll(error instanceof CausewayError && error.code !== "store_unavailable" ? error : "away");
    } finally {
      this.#isOpening = false;
    }
  }

  /**
   * From the revision that is known, and not the one after it: etcd 3.4 and 3.5 lose a deletion in silence when history is compacted at
   * its very revision and a watch begins there (etcd issue 18089). Where that revision is gone, too, they say so.
   */
  #create(stream: MemberStream, { id, range, position }: Watch): void {
    this.#asked.push(id);
    stream.send(
      watchRequest.encode({
        create: { ...range, startRevision: position, prevKv: true, progressNotify: true, watchId: id },
      }),
    );
  }

  #broke(reason: string): void {
    this.#stream = undefined;
    if (this.#watches.size === 0) return;
    this.#brokenSince ??= performance.now();
    if (performance.now() - this.#brokenSince < this.#patience) void this.#open();
    else this.#client.giveUp(reason);
  }

  #away(): void {
    this.#stream?.close();
    this.#stream = undefined;
    this.#brokenSince = undefined;
    this.#endAll("away");
  }

  #take(answer: Answer): void {
    // A refusal does not say of which watch it is: answers come in the order in which they were asked for.
    const asked = answer.created ? this.#asked.shift() : undefined;
    const watch = this.#watches.get(asked ?? answer.watchId);
    if (!watch) return;
    if (answer.canceled) {
      this.#cancelled(watch, answer);
      return;
    }
    this.#brokenSince = undefined;
    const revision = answer.header?.revision ?? 0;
    this.#client.see(revision);
    // A member that is late, or an etcd that was put back from a backup.
    if (answer.created && revision < watch.position) {
      this.#end(watch);
      watch.listener.over("behind");
      return;
    }
    const changes = answer.events.filter(({ kv }) => (kv?.modRevision ?? 0) > watch.position);
    const last = changes.at(-1)?.kv?.modRevision ?? 0;
    if (last > 0) watch.position = last;
    else if (!answer.created && answer.events.length === 0)
      watch.position = Math.max(watch.position, revision);
    if (changes.length > 0) watch.listener.changes(changes);
  }

  #cancelled(watch: Watch, { compactRevision, cancelReason }: Answer): void {
    if (compactRevision === 0 && !watch.wasRefused) {
      watch.wasRefused = true;
      this.#stream?.forgetToken();
      this.#stream?.close();
      this.#broke(cancelReason);
      return;
    }
    this.#watches.delete(watch.id);
    watch.listener.over(
      compactRevision > 0
        ? "behind"
        : forbidden(
            "store_forbidden",
            `etcd refuses a watch (${cancelReason}): grant this host's user readwrite on the cluster's keys`,
          ),
    );
  }

  #end(watch: Watch): void {
    if (!this.#watches.delete(watch.id)) return;
    this.#stream?.send(watchRequest.encode({ cancel: { watchId: watch.id } }));
  }

  #endAll(end: WatchEnd): void {
    const watches = [...this.#watches.values()];
    this.#watches.clear();
    for (const { listener } of watches) listener.over(end);
  }
}
