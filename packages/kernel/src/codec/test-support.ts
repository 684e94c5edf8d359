/**
 * Arbitrary values of wire formats, for property tests, and the property that every format has.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "./bytes.ts";
import type { Codec } from "./codec.ts";
import { bytesToIp, bytesToMac } from "./inet.ts";

/** A codec with arbitrary values of it. */
export interface Sampled<T> {
  readonly codec: Codec<T>;
  readonly values: fc.Arbitrary<T>;
}

/** A {@link Sampled} of whatever type. */
export interface AnySampled {
  readonly codec: { write(to: ByteWriter, value: never): void; read(from: ByteReader): unknown };
  readonly values: fc.Arbitrary<unknown>;
}

/** An arbitrary for every name: to forget one is a type error. */
type Samples<T> = { readonly [K in keyof T]-?: fc.Arbitrary<Exclude<T[K], undefined>> };

/** Objects that have any of these properties. */
export function some<T>(samples: Samples<T>): fc.Arbitrary<T> {
  return fc.record(samples, { requiredKeys: [], noNullPrototype: true }) as fc.Arbitrary<T>;
}

/** Objects that have all of these properties. */
export function all<T>(samples: Samples<T>): fc.Arbitrary<T> {
  return fc.record(samples, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

/** Attributes: each may be left out. */
export function sampled<T>(codec: Codec<T>, samples: Samples<T>): Sampled<T> {
  return { codec, values: some(samples) };
}

/** A structure: all fields are there. */
export function sampledWhole<T>(codec: Codec<T>, samples: Samples<T>): Sampled<T> {
  return { codec, values: all(samples) };
}

/** Declares the tests: what a spec writes it reads, for arbitrary values of each. */
export function testRoundTrips(title: string, specs: Readonly<Record<string, AnySampled>>): void {
  describe(title, () => {
    for (const [name, { codec, values }] of Object.entries(specs)) {
      it(`${name}: what is written is read, to the last byte`, () => {
        fc.assert(
          fc.property(values, (value) => {
            const writer = new ByteWriter();
            codec.write(writer, value as never);
            const reader = new ByteReader(Buffer.from(writer.bytes));
            assert.deepEqual(codec.read(reader), value);
            assert.equal(reader.remaining, 0);
          }),
        );
      });
    }
  });
}

export const bool = fc.boolean();
export const u8 = fc.nat(0xff);
export const u16 = fc.nat(0xffff);
export const u32 = fc.nat(0xffff_ffff);
export const u64 = fc.bigInt(0n, 0xffff_ffff_ffff_ffffn);
export const i32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
/** Text as long as a link's name. */
export const name = fc.string({ unit: "binary", maxLength: 15 }).filter((text) => !text.includes("\0"));

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
export const mac = bytes(6).map(bytesToMac);
export const ipv4 = bytes(4).map(bytesToIp);
export const ipv6 = bytes(16).map(bytesToIp);
