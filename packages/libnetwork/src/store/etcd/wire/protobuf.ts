/**
 * Protocol Buffers, as far as etcd's messages need it: message(), a table of its fields, such as
 *
 *     const leaseGrantRequest = message({ seconds: int64(1), id: id64(2) });
 *
 * What is given is written, even where it is the default; what the bytes lack is read as the default, and fields that are not in the
 * table are skipped. https://protobuf.dev/programming-guides/encoding/
 */
import { ByteReader, ByteWriter } from "./bytes.ts";

/** The wire types that etcd uses. */
const VARINT = 0;
const LENGTH = 2;

/** @template G what is given to be written @template R what is read */
interface Field<G, R> {
  readonly number: number;
  /** What is read where there is nothing. */
  readonly none: R;
  write(to: ByteWriter, value: G): void;
  /** One occurrence; `before` is what was read of the same field. */
  read(from: ByteReader, before: R): R;
}

type Fields = Readonly<Record<string, Field<unknown, unknown>>>;

type Given<F extends Fields> = {
  readonly [K in keyof F]?: F[K] extends Field<infer G, unknown> ? G : never;
};
type Read<F extends Fields> = { readonly [K in keyof F]: F[K]["none"] };

/** @template G what is given to be written @template R what is read */
export interface Message<G, R> {
  encode(value: G): Buffer;
  /** @throws RangeError where the bytes end too early */
  decode(bytes: Buffer): R;
}

export function message<const F extends Fields>(fields: F): Message<Given<F>, Read<F>> {
  const table = Object.entries(fields);
  const byNumber = new Map(table.map(([name, field]) => [field.number, { name, field }]));
  const none = Object.fromEntries(table.map(([name, field]) => [name, field.none]));
  return {
    encode(value) {
      const given: Readonly<Record<string, unknown>> = value;
      const to = new ByteWriter();
      for (const [name, field] of table) {
        if (given[name] !== undefined) field.write(to, given[name]);
      }
      return to.bytes();
    },
    decode(bytes) {
      const from = new ByteReader(bytes);
      const value: Record<string, unknown> = { ...none };
      while (from.hasMore) {
        const tag = from.varint();
        const known = byNumber.get(Math.floor(tag / 8));
        if (known) value[known.name] = known.field.read(from, value[known.name]);
        else from.skip(tag % 8);
      }
      return value as Read<F>;
    },
  };
}

/** A whole number that JavaScript can count to. A negative one is only read. */
export function int64(number: number): Field<number, number> {
  return {
    number,
    none: 0,
    write: (to, value) => to.tag(number, VARINT).varint(value),
    read: (from) => from.varint(),
  };
}

/** A number of 64 bits that only names something: its decimal text. */
export function id64(number: number): Field<string, string> {
  return {
    number,
    none: "0",
    write: (to, value) => to.tag(number, VARINT).bigVarint(BigInt.asUintN(64, BigInt(value))),
    read: (from) => BigInt.asIntN(64, from.bigVarint()).toString(),
  };
}

export function bool(number: number): Field<boolean, boolean> {
  return {
    number,
    none: false,
    write: (to, value) => to.tag(number, VARINT).varint(value ? 1 : 0),
    read: (from) => from.varint() !== 0,
  };
}

const noBytes = Buffer.alloc(0);

export function bytes(number: number): Field<Buffer, Buffer> {
  return {
    number,
    none: noBytes,
    write: (to, value) => to.tag(number, LENGTH).sized(value),
    read: (from) => from.sized(),
  };
}

export function text(number: number): Field<string, string> {
  return {
    number,
    none: "",
    write: (to, value) => to.tag(number, LENGTH).sized(Buffer.from(value)),
    read: (from) => from.sized().toString(),
  };
}

export function embedded<G, R>(number: number, inner: Message<G, R>): Field<G, R | undefined> {
  return {
    number,
    none: undefined,
    write: (to, value) => to.tag(number, LENGTH).sized(inner.encode(value)),
    read: (from) => inner.decode(from.sized()),
  };
}

export function repeated<G, R>(number: number, inner: Message<G, R>): Field<readonly G[], readonly R[]> {
  const none: R[] = [];
  return {
    number,
    none,
    write: (to, values) => {
      for (const value of values) to.tag(number, LENGTH).sized(inner.encode(value));
    },
    read: (from, before) => {
      const one = inner.decode(from.sized());
      if (before === none) return [one];
      (before as R[]).push(one); // a copy for each would cost the square of their number
      return before;
    },
  };
}
