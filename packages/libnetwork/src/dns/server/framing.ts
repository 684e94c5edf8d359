/**
 * Messages over TCP: each behind its length, RFC 1035 section 4.2.2.
 */

/** Of the length before each message, bytes. */
const lengthBytes = 2;

/** Takes messages out of what comes by and by. */
export class Deframer {
  #buffer = Buffer.alloc(512);
  #start = 0;
  #end = 0;

  /** Where what comes is to be put: room for this many bytes at least. */
  room(bytes: number): { readonly buffer: Buffer; readonly from: number } {
    const held = this.#end - this.#start;
    if (this.#buffer.length - this.#end < bytes) {
      const next = held + bytes <= this.#buffer.length ? this.#buffer : Buffer.alloc(2 * (held + bytes));
      this.#buffer.copy(next, 0, this.#start, this.#end);
      this.#buffer = next;
      this.#start = 0;
      this.#end = held;
    }
    return { buffer: this.#buffer, from: this.#end };
  }

  /** So many bytes have been put there. */
  came(bytes: number): void {
    this.#end += bytes;
  }

  /** The next whole message: good until room() is asked for. Undefined where it has not come yet. */
  next(): Uint8Array | undefined {
    const held = this.#end - this.#start;
    if (held < lengthBytes) return undefined;
    const length = this.#buffer.readUInt16BE(this.#start);
    if (held < lengthBytes + length) return undefined;
    const from = this.#start + lengthBytes;
    this.#start = from + length;
    return this.#buffer.subarray(from, from + length);
  }

  /** How long the next message is, or will be; 0 where that has not come yet. */
  get announced(): number {
    return this.pending < lengthBytes ? 0 : this.#buffer.readUInt16BE(this.#start);
  }

  /** Bytes of a message that has not come whole. */
  get pending(): number {
    return this.#end - this.#start;
  }
}

/** A message behind its length, of its own. */
export function framed(message: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(lengthBytes + message.length);
  bytes.writeUInt16BE(message.length);
  bytes.set(message, lengthBytes);
  return bytes;
}
