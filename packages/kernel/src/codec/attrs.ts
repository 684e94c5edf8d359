/**
 * attrs(): netlink attributes (linux/netlink.h, struct nlattr) as a table of names, numbers and payload codecs, such as
 *
 *     const addressAttributes = attrs({ address: [1, ip], local: [2, ip], flags: [8, u32] });
 *
 * A value is an object with any of the names. Attributes that are unknown, and choices unknown to us of those that are
 * not, are passed over when reading, as the protocol asks.
 */
import { type ByteReader, type ByteWriter, DecodeError } from "./bytes.ts";
import type { Codec } from "./codec.ts";

export const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff;
const headerLength = 4;

/** A codec of whatever type: parameters of type `never` accept every one. */
interface AnyCodec {
  write(to: ByteWriter, value: never): void;
  read(from: ByteReader): unknown;
}

/** Number and payload of an attribute; `nested` sets NLA_F_NESTED, which strict checking demands of attributes within. */
type AttributeSpec = readonly [type: number, payload: AnyCodec, nested?: "nested"];
export type AttributeTable = Readonly<Record<string, AttributeSpec>>;

/** What a payload is written from, and read to where it makes sense. */
type PayloadValue<P> = P extends { write(to: ByteWriter, value: infer V): void } ? V : never;

export type AttrsValue<T> = {
  readonly [K in keyof T]?: T[K] extends readonly [number, infer P, ...unknown[]] ? PayloadValue<P> : never;
};

/** Writes one attribute: its header, what `payload` writes, and the padding behind it. */
export function writeAttribute(to: ByteWriter, type: number, payload: () => void): void {
  const start = to.length;
  to.u16(0);
  to.u16(type);
  payload();
  to.patchU16(start, to.length - start);
  to.align(4);
}

/** Calls `visit` with the number (flags masked off) and payload of each attribute that is left in `from`. */
export function readAttributes(from: ByteReader, visit: (type: number, payload: ByteReader) => void): void {
  while (from.remaining >= headerLength) {
    const length = from.u16();
    const type = from.u16() & NLA_TYPE_MASK;
    if (length < headerLength) throw new DecodeError(`attribute ${type} claims a length of ${length}`);
    visit(type, from.slice(length - headerLength));
    // The last attribute of a message may go without its padding.
    from.skip(Math.min(-length & 3, from.remaining));
  }
}

/**
 * As {@link readAttributes}, and makes nothing: `visit` gets where each payload begins and ends in `bytes`. For tables of
 * which too many messages come to read them all.
 */
export function scanAttributes(
  bytes: Buffer,
  from: number,
  to: number,
  visit: (type: number, start: number, end: number) => void,
): void {
  for (let at = from; at + headerLength <= to; ) {
    const length = bytes.readUInt16LE(at);
    const end = at + length;
    if (length < headerLength || end > to) throw new DecodeError(`an attribute claims a length of ${length}`);
    visit(bytes.readUInt16LE(at + 2) & NLA_TYPE_MASK, at + headerLength, end);
    at = end + (-length & 3);
  }
}

export function attrs<const T extends AttributeTable>(table: T): Codec<AttrsValue<T>> {
  const byType = new Map<number, readonly [name: string, payload: AnyCodec]>();
  for (const [name, [type, payload]] of Object.entries(table)) byType.set(type, [name, payload]);
  return {
    write(to, value) {
      const given: Readonly<Record<string, unknown>> = value;
      for (const name in given) {
        const spec = table[name];
        const item = given[name];
        if (spec === undefined || item === undefined) continue;
        writeAttribute(to, spec[2] === "nested" ? spec[0] | NLA_F_NESTED : spec[0], () =>
          spec[1].write(to, item as never),
        );
      }
    },
    read(from) {
      const value: Record<string, unknown> = {};
      readAttributes(from, (type, payload) => {
        const known = byType.get(type);
        if (known === undefined) return;
        const item = known[1].read(payload);
        if (item !== undefined) value[known[0]] = item;
      });
      return value as AttrsValue<T>;
    },
  };
}

/** An attribute whose payload is a row of attributes of one number each, as IFLA_PROP_LIST and IFLA_AF_SPEC of a bridge. */
export function listOf<T>(type: number, item: Codec<T>): Codec<readonly T[]> {
  return {
    write(to, values) {
      for (const value of values) writeAttribute(to, type, () => item.write(to, value));
    },
    read(from) {
      const values: T[] = [];
      readAttributes(from, (found, payload) => {
        if (found === type) values.push(item.read(payload));
      });
      return values;
    },
  };
}
