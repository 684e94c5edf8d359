/**
 * Numbers in a message, most significant byte first (RFC 1035 2.3.2). Whoever calls these has seen to it that the offset is inside.
 */

/** The byte there; 0 outside. */
export function byteAt(bytes: Uint8Array, offset: number): number {
  return bytes[offset] ?? 0;
}

export function wordAt(bytes: Uint8Array, offset: number): number {
  return (byteAt(bytes, offset) << 8) | byteAt(bytes, offset + 1);
}

/** 32 bits, without a sign. */
export function longAt(bytes: Uint8Array, offset: number): number {
  return wordAt(bytes, offset) * 0x10000 + wordAt(bytes, offset + 2);
}

export function setWord(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}

export function setLong(bytes: Uint8Array, offset: number, value: number): void {
  setWord(bytes, offset, value >>> 16);
  setWord(bytes, offset + 2, value & 0xffff);
}

/** A letter's lower case, of ASCII alone (RFC 4343); any other byte is itself. */
export function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}
