/**
 * Keeps a watch going: it is told every change from its start on, over streams that break and an etcd that is away. Where changes were forgotten
 * that it was not told of, it fails.
 */
import type { StoreEvent } from "../../contracts/store.ts";
import { changesForgotten } from "../failures.ts";
import { decodeShared } from "../record.ts";
import type { Watch } from "../watch.ts";
import type { EtcdClient } from "./client.ts";
import type { Keys } from "./keys.ts";
import type { WatchedChange, WatchStream } from "./watch-stream.ts";
import { eventTypeDelete } from "./wire/messages.ts";

export interface WatchingParts {
  readonly client: EtcdClient;
  readonly keys: Keys;
  readonly watches: WatchStream;
}

/**
 * Until the signal aborts.
 *
 * @param start the revision that it begins after
 */
export function keepWatching(
  kind: string,
  watch: Watch,
  parts: WatchingParts,
  start: number,
  signal: AbortSignal,
): void {
  if (signal.aborted) return;
  const { client, keys, watches } = parts;
  let position = start;
  const forgotten = (): void => watch.fail(changesForgotten());
  const stop = watches.watch(keys.range(kind), start, {
    changes: (changes) => {
      for (const change of changes) {
        const event = eventOf(kind, keys, change);
        if (!event) return forgotten();
        position = event.record.revision;
        watch.push(event);
      }
    },
    over: async (end) => {
      if (end === "behind") return forgotten();
      if (end !== "away") return watch.fail(end);
      await client.available(signal);
      keepWatching(kind, watch, parts, position, signal);
    },
  });
  signal.addEventListener("abort", stop, { once: true });
}

/** Undefined for a deletion of which the last value is not known any more. */
function eventOf(kind: string, keys: Keys, { type, kv, prevKv }: WatchedChange): StoreEvent | undefined {
  const valued = type === eventTypeDelete ? prevKv : kv;
  if (!kv || !valued) return undefined;
  const record = decodeShared(kind, keys.idOf(kind, kv.key), {
    value: valued.value.toString(),
    revision: kv.modRevision,
  });
  return { type: type === eventTypeDelete ? "delete" : "put", record };
}
