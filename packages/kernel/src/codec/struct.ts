/**
 * struct(): a C structure as a table of its fields in order, such as
 *
 *     const ifaddrmsg = struct({ family: u8, prefixLength: u8, flags: u8, scope: u8, index: u32 });
 *
 * Padding is a field of its own, made with pad(): it is written as zeros and left out of the value.
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

type Fields = Readonly<Record<string, Codec<number> | Padding>>;

/** Fields that are left out are written as 0. */
export type StructValue<F extends Fields> = {
  readonly [K in keyof F as F[K] extends Padding ? never : K]: number;
};

export interface Struct<F extends Fields> {
  write(to: ByteWriter, value: Partial<StructValue<F>>): void;
  read(from: ByteReader): StructValue<F>;
}

export function struct<const F extends Fields>(fields: F): Struct<F> {
  const table = Object.entries(fields);
  return {
    write(to, value) {
      const given: Readonly<Record<string, number | undefined>> = value;
      for (const [name, field] of table) {
        if (padding in field) to.reserve(field[padding]);
        else field.write(to, given[name] ?? 0);
      }
    },
    read(from) {
      const value: Record<string, number> = {};
      for (const [name, field] of table) {
        if (padding in field) from.skip(field[padding]);
        else value[name] = field.read(from);
      }
      return value as StructValue<F>;
    },
  };
}
