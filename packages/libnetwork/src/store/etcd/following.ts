/**
 * Keeps a follower up to date: lists, watches from there on, and does so again when the watch is over. After the first time only what has
 * changed is asked for, and the ids of all where something was deleted, too.
 */
import { setTimeout } from "node:timers/promises";
import { CausewayError, hasCode } from "../../errors.ts";
import type { Follower } from "../shared/follower.ts";
import type { Listing } from "./listing.ts";
import type { WatchEnd, WatchedChange } from "./watch-stream.ts";
import type { WatchingParts } from "./watching.ts";
import { eventTypeDelete } from "./wire/messages.ts";

/** Before another attempt, milliseconds: etcd may refuse although it is there. */
const pause = 200;

export interface FollowingParts extends WatchingParts {
  readonly listing: Listing;
}

/** Until the signal aborts. */
export async function keepFollowing(
  kind: string,
  follower: Follower,
  parts: FollowingParts,
  signal: AbortSignal,
): Promise<void> {
  const { client } = parts;
  let position = 0;
  let isUnsettled = true;
  while (!signal.aborted) {
    try {
      position = await catchUp(kind, follower, parts.listing, position);
      if (isUnsettled) follower.settled();
      isUnsettled = false;
      const watched = watchFrom(kind, follower, parts, position, signal);
      const end = await watched.over;
      position = watched.position();
      if (end instanceof CausewayError) throw end;
      if (end !== "away") continue;
    } catch (error) {
      if (!hasCode(error, "store_unavailable")) {
        follower.fail(error);
        return;
      }
    }
    follower.stale();
    isUnsettled = true;
    await setTimeout(pause, undefined, { signal }).catch(() => {});
    await client.available(signal);
  }
}

/** Answers with the revision up to which the follower knows everything. */
async function catchUp(
  kind: string,
  follower: Follower,
  listing: Listing,
  position: number,
): Promise<number> {
  if (position > 0) {
    const { records, revision, count } = await listing.since(kind, position);
    if (revision >= position) {
      for (const [id, record] of records) follower.put(id, record);
      return follower.size === count ? revision : await listAll(kind, follower, listing, true);
    }
    // Put back from a backup: no revision that is known means anything.
    follower.distrust();
  }
  return await listAll(kind, follower, listing, false);
}

async function listAll(
  kind: string,
  follower: Follower,
  listing: Listing,
  keysOnly: boolean,
): Promise<number> {
  const ids = new Set<string>();
  let revision = 0;
  await listing.pages(
    kind,
    (page, isFirst) => {
      if (isFirst) ids.clear();
      revision = page.revision;
      for (const [id, record] of page.records) {
        ids.add(id);
        if (!keysOnly) follower.put(id, record);
      }
    },
    { keysOnly },
  );
  follower.retain(ids, revision);
  return revision;
}

function watchFrom(
  kind: string,
  follower: Follower,
  { keys, watches }: FollowingParts,
  start: number,
  signal: AbortSignal,
): { readonly over: Promise<WatchEnd | "aborted">; position(): number } {
  const { promise: over, resolve } = Promise.withResolvers<WatchEnd | "aborted">();
  let position = start;
  const changes = (some: readonly WatchedChange[]): void => {
    for (const { type, kv } of some) {
      if (!kv) continue;
      const id = keys.idOf(kind, kv.key);
      if (type === eventTypeDelete) follower.delete(id, kv.modRevision);
      else follower.put(id, { value: kv.value.toString(), revision: kv.modRevision });
      position = kv.modRevision;
    }
  };
  const end = watches.watch(keys.range(kind), start, { changes, over: resolve });
  const abort = (): void => {
    end();
    resolve("aborted");
  };
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  return {
    over: over.finally(() => signal.removeEventListener("abort", abort)),
    position: () => position,
  };
}
