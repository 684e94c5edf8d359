/**
 * Listings: a kind's records as they are at one moment, a page at a time, and what has become of them since another moment.
 */
import { hasCode } from "../../errors.ts";
import type { StoredText } from "../record.ts";
import type { EtcdClient } from "./client.ts";
import type { Keys } from "./keys.ts";
import { range } from "./methods.ts";

/** Records in a page. */
const pageSize = 1000;
/** How often a listing begins anew that is overtaken by compactions. */
const attempts = 5;

export interface Page {
  readonly records: readonly (readonly [id: string, StoredText])[];
  /** The moment: the store's revision. */
  readonly revision: number;
}

export class Listing {
  readonly #client: EtcdClient;
  readonly #keys: Keys;

  constructor(client: EtcdClient, keys: Keys) {
    this.#client = client;
    this.#keys = keys;
  }

  /**
   * All records of a kind, in byte order of their ids.
   *
   * @param onPage is told each page; with the first page of another attempt it is to begin anew
   * @param keysOnly without values
   */
  async pages(
    kind: string,
    onPage: (page: Page, isFirst: boolean) => void,
    { keysOnly = false }: { readonly keysOnly?: boolean } = {},
  ): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#attempt(kind, onPage, keysOnly);
        return;
      } catch (error) {
        const isOvertaken = hasCode(error, "watch_overflow");
        if (!isOvertaken || attempt === attempts) throw error;
      }
    }
  }

  /** What was changed after a revision and is there, and how many records there are. */
  async since(kind: string, revision: number): Promise<Page & { readonly count: number }> {
    const answer = await this.#client.call(range, {
      ...this.#keys.range(kind),
      minModRevision: revision + 1,
    });
    return { ...this.#page(kind, answer), count: answer.count };
  }

  async #attempt(
    kind: string,
    onPage: (page: Page, isFirst: boolean) => void,
    keysOnly: boolean,
  ): Promise<void> {
    let { key, rangeEnd } = this.#keys.range(kind);
    let revision = 0;
    for (;;) {
      const answer = await this.#client.call(range, { key, rangeEnd, limit: pageSize, revision, keysOnly });
      const isFirst = revision === 0;
      // The header of a later page tells a later moment than that of what is in it.
      if (isFirst) revision = answer.header?.revision ?? 0;
      onPage({ ...this.#page(kind, answer), revision }, isFirst);
      const last = answer.kvs.at(-1);
      if (!answer.more || !last) return;
      key = Buffer.concat([last.key, Buffer.of(0)]);
    }
  }

  #page(kind: string, { header, kvs }: ReturnType<typeof range.answer.decode>): Page {
    return {
      records: kvs.map(({ key, value, modRevision }) => [
        this.#keys.idOf(kind, key),
        { value: value.toString(), revision: modRevision },
      ]),
      revision: header?.revision ?? 0,
    };
  }
}
