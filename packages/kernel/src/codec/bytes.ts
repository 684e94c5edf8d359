/**
 * Where bytes are written to and read from: a growing buffer with a position, and a bounded view with one. Both in host
 * byte order (little-endian on every machine that Node.js for Linux runs on), as netlink is.
 */

/** A message that ends too early or whose lengths contradict each other. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

const firstSize = 4096;

export class ByteWriter {
  #buffer = Buffer.alloc(firstSize);
  #length = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** What was written: a view, valid until the next write or {@link clear}. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** The whole underlying buffer, for a system call that takes a length of its own. */
  get storage(): Buffer {
    return this.#buffer;
  }

  clear(): void {
    this.#length = 0;
  }

  /** Makes room for `count` zero bytes and answers where they begin. */
  reserve(count: number): number {
    const start = this.#take(count);
    // A loop, because most are a few bytes of padding: fill() costs more than they do.
    for (let at = start; at < this.#length; at++) this.#buffer[at] = 0;
    return start;
  }

  /** Makes room for `count` bytes that the caller writes, all of them. */
  #take(count: number): number {
    const start = this.#length;
    const end = start + count;
    if (end > this.#buffer.length) this.#grow(end);
    this.#length = end;
    return start;
  }

  u8(value: number): void {
    // Not in one expression: it would take the buffer first, and write to the old one where #take() makes a larger.
    const at = this.#take(1);
    this.#buffer[at] = value;
  }

  u16(value: number): void {
    const at = this.#take(2);
    this.#buffer.writeUInt16LE(value, at);
  }

  u32(value: number): void {
    const at = this.#take(4);
    this.#buffer.writeUInt32LE(value >>> 0, at);
  }

  i32(value: number): void {
    const at = this.#take(4);
    this.#buffer.writeInt32LE(value, at);
  }

  u64(value: bigint): void {
    const at = this.#take(8);
    this.#buffer.writeBigUInt64LE(value, at);
  }

  u64be(value: bigint): void {
    const at = this.#take(8);
    this.#buffer.writeBigUInt64BE(value, at);
  }

  u16be(value: number): void {
    const at = this.#take(2);
    this.#buffer.writeUInt16BE(value, at);
  }

  u32be(value: number): void {
    const at = this.#take(4);
    this.#buffer.writeUInt32BE(value >>> 0, at);
  }

  raw(bytes: Uint8Array): void {
    const at = this.#take(bytes.length);
    this.#buffer.set(bytes, at);
  }

  /** UTF-8 with a closing NUL. */
  cString(text: string): void {
    const length = Buffer.byteLength(text);
    const at = this.#take(length + 1);
    this.#buffer.write(text, at);
    this.#buffer[at + length] = 0;
  }

  /** Pads with zeros to a multiple of `size`. */
  align(size: number): void {
    const over = this.#length % size;
    if (over !== 0) this.reserve(size - over);
  }

  /** Fills in a length or a count that was not known when its place was reserved. */
  patchU16(at: number, value: number): void {
    this.#buffer.writeUInt16LE(value, at);
  }

  patchU32(at: number, value: number): void {
    this.#buffer.writeUInt32LE(value >>> 0, at);
  }

  #grow(needed: number): void {
    const larger = Buffer.alloc(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

/** Slices within slices; the kernel's messages need about eight, and a mangled one must not exhaust the stack. */
const deepestNesting = 40;

export class ByteReader {
  readonly #buffer: Buffer;
  readonly #end: number;
  readonly #depth: number;
  #position: number;

  constructor(buffer: Buffer, start = 0, end: number = buffer.length, depth = 0) {
    if (end > buffer.length || start > end) {
      throw new DecodeError(`bytes ${start} to ${end} are outside a message of ${buffer.length}`);
    }
    if (depth > deepestNesting) throw new DecodeError(`nested more than ${deepestNesting} deep`);
    this.#buffer = buffer;
    this.#position = start;
    this.#end = end;
    this.#depth = depth;
  }

  /** Bytes that are left. */
  get remaining(): number {
    return this.#end - this.#position;
  }

  #take(count: number): number {
    const at = this.#position;
    if (count < 0 || at + count > this.#end) {
      throw new DecodeError(`${count} bytes were expected and ${this.remaining} are left`);
    }
    this.#position = at + count;
    return at;
  }

  skip(count: number): void {
    this.#take(count);
  }

  u8(): number {
    return this.#buffer.readUInt8(this.#take(1));
  }

  u16(): number {
    return this.#buffer.readUInt16LE(this.#take(2));
  }

  u32(): number {
    return this.#buffer.readUInt32LE(this.#take(4));
  }

  i32(): number {
    return this.#buffer.readInt32LE(this.#take(4));
  }

  u64(): bigint {
    return this.#buffer.readBigUInt64LE(this.#take(8));
  }

  u64be(): bigint {
    return this.#buffer.readBigUInt64BE(this.#take(8));
  }

  u16be(): number {
    return this.#buffer.readUInt16BE(this.#take(2));
  }

  u32be(): number {
    return this.#buffer.readUInt32BE(this.#take(4));
  }

  /** A copy of the next bytes; all that is left by default. */
  raw(count: number = this.remaining): Uint8Array {
    const at = this.#take(count);
    return new Uint8Array(this.#buffer.subarray(at, at + count));
  }

  /** What is left as it lies in the buffer, for those who look at too many messages to take each apart. */
  view(): Buffer {
    return this.#buffer.subarray(this.#position, this.#end);
  }

  /** UTF-8 up to the first NUL, or to the end where there is none; takes all that is left. */
  cString(): string {
    const at = this.#take(this.remaining);
    const nul = this.#buffer.indexOf(0, at);
    return this.#buffer.toString("utf8", at, nul < 0 || nul > this.#end ? this.#end : nul);
  }

  /** A reader over the next `count` bytes, which this one passes over. */
  slice(count: number): ByteReader {
    const at = this.#take(count);
    return new ByteReader(this.#buffer, at, at + count, this.#depth + 1);
  }
}
