/**
 * Under which keys records stand: `/causeway/<cluster>/v1/<kind>/<id>`. The kind's slashes and percent signs are percent-encoded, so that the slash
 * after it is its end; the id stands as it is, so that keys are in the byte order of ids.
 */

/** A kind's slash is followed by this byte: it ends the range of its keys. */
const afterSlash = "0";

export interface KeyRange {
  readonly key: Buffer;
  /** Exclusive. */
  readonly rangeEnd: Buffer;
}

export class Keys {
  readonly #prefix: string;

  constructor(cluster: string) {
    this.#prefix = `/causeway/${cluster}/v1/`;
  }

  /** A key that a user of the cluster's keys may read. */
  get probe(): Buffer {
    return Buffer.from(this.#prefix);
  }

  of(kind: string, id: string): Buffer {
    return Buffer.from(this.#kind(kind) + id);
  }

  /** All of a kind. */
  range(kind: string): KeyRange {
    const prefix = this.#kind(kind);
    return { key: Buffer.from(prefix), rangeEnd: Buffer.from(prefix.slice(0, -1) + afterSlash) };
  }

  /** The id in a key of that kind. */
  idOf(kind: string, key: Buffer): string {
    return key.toString("utf8", Buffer.byteLength(this.#kind(kind)));
  }

  #kind(kind: string): string {
    return `${this.#prefix}${kind.replaceAll("%", "%25").replaceAll("/", "%2F")}/`;
  }
}
