/**
 * A codec turns one kind of value into bytes and back. These are the scalars; struct() and attrs() compose them.
 */
import type { ByteReader, ByteWriter } from "./bytes.ts";

export interface Codec<T> {
  write(to: ByteWriter, value: T): void;
  /** Reads one value; a codec without a length of its own takes all that is left. */
  read(from: ByteReader): T;
}

/** The type of the values of a codec. */
export type ValueOf<C> = C extends Codec<infer T> ? T : never;

export const u8: Codec<number> = { write: (to, value) => to.u8(value), read: (from) => from.u8() };
export const u16: Codec<number> = { write: (to, value) => to.u16(value), read: (from) => from.u16() };
export const u32: Codec<number> = { write: (to, value) => to.u32(value), read: (from) => from.u32() };
export const i32: Codec<number> = { write: (to, value) => to.i32(value), read: (from) => from.i32() };
/** Network byte order, as ports and all of netfilter's numbers are written. */
export const u16be: Codec<number> = { write: (to, value) => to.u16be(value), read: (from) => from.u16be() };
export const u32be: Codec<number> = { write: (to, value) => to.u32be(value), read: (from) => from.u32be() };

/** One byte, 0 or 1. */
export const bool8: Codec<boolean> = {
  write: (to, value) => to.u8(value ? 1 : 0),
  read: (from) => from.u8() !== 0,
};

/** An attribute that says something by being there: it has no payload. Left out, it says no. */
export const flag: Codec<true> = { write: () => undefined, read: () => true };

/** UTF-8 with a closing NUL (NLA_NUL_STRING). */
export const text: Codec<string> = {
  write: (to, value) => to.cString(value),
  read: (from) => from.cString(),
};

/** A number that stands for one of several names; one that we have no name for reads as undefined. */
export interface Choice<Name extends string> {
  write(to: ByteWriter, value: Name): void;
  read(from: ByteReader): Name | undefined;
}

export function choice<const T extends Readonly<Record<string, number>>>(
  numbers: T,
  width: Codec<number>,
): Choice<Extract<keyof T, string>> {
  type Name = Extract<keyof T, string>;
  const names = new Map(Object.entries(numbers).map(([name, number]) => [number, name as Name]));
  return {
    write: (to, value) => width.write(to, numbers[value] ?? 0),
    read: (from) => names.get(width.read(from)),
  };
}
