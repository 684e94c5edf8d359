/**
 * Changes through the API: one after the other to one object, each held against `If-Match` when its turn comes.
 */
import { KeyedMutex } from "@causeway/libnetwork";
import type { FastifyRequest } from "fastify";
import { turn } from "../server/pace.ts";
import { requirePresence } from "../server/presence.ts";
import { requireMatch } from "./etag.ts";

/** What is changed, and how to find it: it may go while one waits. */
export interface Subject<T> {
  /** @throws ..._not_found */
  readonly find: () => T;
  /** As the API shows it. */
  readonly resource: (object: T) => object;
  /** Ids of all that changes with it, its own among them. */
  readonly keys: (object: T) => readonly string[];
}

export class Changes {
  readonly #turns = new KeyedMutex();

  /** @throws precondition_failed, client_gone; what `find` and `action` throw */
  make<T, Answer>(
    request: FastifyRequest,
    { find, resource, keys }: Subject<T>,
    action: (object: T) => Answer | Promise<Answer>,
  ): Promise<Answer> {
    return this.#turns.run(
      () => keys(find()),
      async () => {
        await turn();
        requirePresence(request);
        const object = find();
        requireMatch(request, () => resource(object));
        return action(object);
      },
    );
  }
}
