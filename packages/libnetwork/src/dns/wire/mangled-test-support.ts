/**
 * Messages that were good once, and bytes by chance.
 */
import fc from "fast-check";

/** Numbers that mean something where they come: lengths, pointers, types, counts. */
const meaning = fc.constantFrom(0, 1, 2, 5, 6, 12, 13, 16, 41, 63, 64, 0x80, 0xbf, 0xc0, 0xc1, 0xfe, 0xff);
const byte = fc.oneof(meaning, fc.nat(255));
const place = fc.oneof(fc.nat(30), fc.nat(600));

/** What is done to a message: places count round and round. */
const mutation = fc.oneof(
  fc.tuple(place, byte).map(
    ([at, value]) =>
      (bytes: number[]) =>
        set(bytes, at, value),
  ),
  fc.tuple(place, fc.nat(7)).map(([at, bit]) => (bytes: number[]) => {
    const index = at % Math.max(1, bytes.length);
    set(bytes, index, (bytes[index] ?? 0) ^ (1 << bit));
  }),
  // A pointer, to anywhere near.
  fc.tuple(place, fc.nat(300)).map(([at, target]) => (bytes: number[]) => {
    set(bytes, at, 0xc0 | (target >> 8));
    set(bytes, at + 1, target & 0xff);
  }),
  place.map((length) => (bytes: number[]) => {
    bytes.splice(length);
  }),
  fc.tuple(place, fc.nat(20)).map(([at, count]) => (bytes: number[]) => {
    bytes.splice(at % Math.max(1, bytes.length), count);
  }),
  fc.tuple(place, fc.array(byte, { maxLength: 12 })).map(([at, more]) => (bytes: number[]) => {
    bytes.splice(at % (bytes.length + 1), 0, ...more);
  }),
  fc.tuple(place, place, fc.nat(40)).map(([from, to, count]) => (bytes: number[]) => {
    bytes.splice(to % (bytes.length + 1), 0, ...bytes.slice(from, from + count));
  }),
  // One count more or less, with the records as they are.
  fc.tuple(fc.nat(3), fc.nat(3)).map(
    ([field, count]) =>
      (bytes: number[]) =>
        set(bytes, 5 + field * 2, count),
  ),
);

function set(bytes: number[], at: number, value: number): void {
  if (bytes.length > 0) bytes[at % bytes.length] = value;
}

/** A message with nothing to four things done to it. */
export function mangled(valid: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.constantFrom(...valid), fc.array(mutation, { maxLength: 4 }))
    .map(([message, mutations]) => {
      const bytes = [...message];
      for (const mutate of mutations) mutate(bytes);
      return Uint8Array.from(bytes);
    });
}

/** Bytes by chance, behind a header that makes something of them. */
export function random(bits: number): fc.Arbitrary<Uint8Array> {
  const counts = fc.array(fc.constantFrom(0, 0, 1, 1, 2), { minLength: 4, maxLength: 4 });
  return fc
    .tuple(fc.boolean(), counts, fc.array(byte, { maxLength: 120 }))
    .map(([hasHeader, counts, bytes]) =>
      Uint8Array.from(
        hasHeader
          ? [0, 1, bits >> 8, bits & 0xff, ...counts.flatMap((count) => [0, count]), ...bytes]
          : bytes,
      ),
    );
}
