/**
 * struct(): a C structure as a table of its fields in order, such as
 *
 *     const ifaddrmsg = struct({ family: u8, prefixLength: u8, flags: u8, scope: u8, index: u32 });
 *
 * Padding is a field of its own, made with pad(): it is written as zeros and left out of the value. A field is a number,
 * or has a codec of its own: u64, bytes(), a structure within the structure.
 */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import type { Codec } from "./codec.ts";

const padding = Symbol("padding");

export interface Padding {
  readonly [padding]: number;
}

/** `size` bytes that mean nothing. */
export function pad(size: number): Padding {
  return { [padding]: size };
}

/** A field that is more than a number. */
interface RichField {
  /** What is written of it where it is left out: zeros. */
  readonly blank: unknown;
  write(to: ByteWriter, value: never): void;
  read(from: ByteReader): unknown;
}

/** 64 bits in host byte order. */
export const u64: Codec<bigint> & { readonly blank: bigint } = {
  blank: 0n,
  write: (to, value) => to.u64(value),
  read: (from) => from.u64(),
};

/** `size` bytes; what is shorter is written with zeros behind it. */
export function bytes(size: number): Codec<Uint8Array> & { readonly blank: Uint8Array } {
  return {
    blank: new Uint8Array(),
    write(to, value) {
      to.raw(value);
      to.reserve(size - value.length);
    },
    read: (from) => from.raw(size),
  };
}

type Fields = Readonly<Record<string, Codec<number> | RichField | Padding>>;
type Written<F> = F extends { write(to: ByteWriter, value: infer V): void } ? V : never;
type Read<F> = F extends { read(from: ByteReader): infer V } ? V : never;

/** Fields that are left out are written as 0. */
export type StructInput<F extends Fields> = {
  readonly [K in keyof F as F[K] extends Padding ? never : K]?: Written<F[K]>;
};

export type StructValue<F extends Fields> = {
  readonly [K in keyof F as F[K] extends Padding ? never : K]: Read<F[K]>;
};

export interface Struct<F extends Fields> {
  readonly blank: StructInput<F>;
  write(to: ByteWriter, value: StructInput<F>): void;
  read(from: ByteReader): StructValue<F>;
}

export function struct<const F extends Fields>(fields: F): Struct<F> {
  const table = Object.entries(fields);
  return {
    blank: {},
    write(to, value) {
      const given: Readonly<Record<string, unknown>> = value;
      for (const [name, field] of table) {
        if (padding in field) to.reserve(field[padding]);
        else field.write(to, (given[name] ?? ("blank" in field ? field.blank : 0)) as never);
      }
    },
    read(from) {
      const value: Record<string, unknown> = {};
      for (const [name, field] of table) {
        if (padding in field) from.skip(field[padding]);
        else value[name] = field.read(from);
      }
      return value as StructValue<F>;
    },
  };
}
