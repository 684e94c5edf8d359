/**
 * The bytes of a message, written and read one after the other: varints, and runs of bytes after their length.
 */

const firstSize = 256;

export class ByteWriter {
  #buffer = Buffer.allocUnsafe(firstSize);
  #length = 0;

  tag(field: number, wireType: number): this {
    return this.varint(field * 8 + wireType);
  }

  /** @param value whole, from 0 to Number.MAX_SAFE_INTEGER */
  varint(value: number): this {
    this.#reserve(10);
    let rest = value;
    while (rest > 0x7f) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
    return this;
  }

  bigVarint(value: bigint): void {
    this.#reserve(10);
    let rest = value;
    while (rest > 0x7fn) {
      this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#length++] = Number(rest);
  }

  /** Bytes after their length. */
  sized(bytes: Buffer): void {
    this.varint(bytes.length);
    this.#reserve(bytes.length);
    this.#length += bytes.copy(this.#buffer, this.#length);
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

/** Every method throws RangeError where the bytes end too early. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get hasMore(): boolean {
    return this.#at < this.#bytes.length;
  }

  /** One of 64 bits is read as signed; beyond what JavaScript counts to it loses digits. */
  varint(): number {
    const start = this.#at;
    let value = 0;
    let weight = 1;
    for (let count = 0; count < 7; count += 1) {
      const byte = this.#byte();
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
      weight *= 0x80;
    }
    this.#at = start;
    return Number(BigInt.asIntN(64, this.bigVarint()));
  }

  bigVarint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a varint of more than ten bytes");
  }

  /** Bytes after their length; they stay a part of the whole. */
  sized(): Buffer {
    return this.#take(this.varint());
  }

  /** A field of which only the wire type is known. */
  skip(wireType: number): void {
    switch (wireType) {
      case 0:
        this.bigVarint();
        return;
      case 1:
        this.#take(8);
        return;
      case 2:
        this.sized();
        return;
      case 5:
        this.#take(4);
        return;
      default:
        throw new RangeError(`no wire type ${wireType}`);
    }
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (!(length >= 0 && end <= this.#bytes.length))
      throw new RangeError("a message that ends inside a field");
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new RangeError("a message that ends inside a number");
    this.#at += 1;
    return byte;
  }
}
