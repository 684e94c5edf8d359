import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ByteWriter, DecodeError } from "../codec/bytes.ts";
import type { AnySampled } from "../codec/test-support.ts";
import { decode as decodeConnection } from "../conntrack/connection.ts";
import { normalise } from "../conntrack/filter.ts";
import { ConnectionMatcher } from "../conntrack/matcher.ts";
import { specs as conntrackSpecs } from "../conntrack/test-support.ts";
import { nftablesEvents } from "../nftables/events.ts";
import * as address from "../rtnl/address.ts";
import * as fdb from "../rtnl/fdb.ts";
import * as link from "../rtnl/link.ts";
import * as neighbour from "../rtnl/neighbour.ts";
import * as route from "../rtnl/route.ts";
import * as rule from "../rtnl/rule.ts";
import { specs as rtnlSpecs } from "../rtnl/spec/test-support.ts";
import { NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSG_ERROR } from "./constants.ts";
import { type Message, readAcknowledgement, readMessages, writeMessage } from "./message.ts";

const matcher = new ConnectionMatcher([
  normalise({ replySource: "10.0.0.1", replySourcePort: 80, protocol: "tcp" }),
  normalise({ originalSource: "fd00::1" }),
]);

/** Everything in this package that takes a message of the kernel apart. */
const decoders: readonly ((message: Message) => unknown)[] = [
  ({ payload, type }) => link.list().decode(payload, type),
  ({ payload, type }) => address.list().decode(payload, type),
  ({ payload, type }) => route.list().decode(payload, type),
  ({ payload, type }) => neighbour.list().decode(payload, type),
  ({ payload, type }) => fdb.list().decode(payload, type),
  ({ payload, type }) => rule.list({ family: 4 }).decode(payload, type),
  ({ payload }) => decodeConnection(payload),
  ({ payload }) => matcher.matches(payload.view()),
  (message) => link.events.decode({ ...message, type: 16 }),
  (message) => nftablesEvents.decode({ ...message, type: (10 << 8) | (message.sequence % 32) }),
  (message) => readAcknowledgement(message),
  (message) => readAcknowledgement({ ...message, flags: NLM_F_ACK_TLVS }),
  (message) => readAcknowledgement({ ...message, flags: NLM_F_ACK_TLVS | NLM_F_CAPPED }),
];

/** A header and attributes that belong together, and those that do not. */
const specs = { ...rtnlSpecs, ...conntrackSpecs };
const part = (choose: (name: string) => boolean) =>
  fc.constantFrom(...Object.keys(specs).filter(choose)).chain((name) => {
    const { codec, values } = specs[name] as AnySampled;
    return values.map((value) => {
      const writer = new ByteWriter();
      codec.write(writer, value as never);
      return Buffer.from(writer.bytes);
    });
  });
const body = fc
  .tuple(
    part((name) => name.endsWith("Header")),
    part((name) => !name.endsWith("Header")),
  )
  .map((parts) => Buffer.concat(parts));

const datagram = fc.array(body, { minLength: 1, maxLength: 3 }).map((bodies) => {
  const writer = new ByteWriter();
  bodies.forEach((bytes, sequence) => {
    const request = {
      operation: "",
      subject: "",
      type: NLMSG_ERROR,
      flags: 0,
      body: () => writer.raw(bytes),
    };
    writeMessage(writer, request, 0, sequence);
  });
  return Buffer.from(writer.bytes);
});

/** One damage: bytes overwritten, cut out, or doubled. Positions are shares of the length. */
const damage = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat(8),
  how: fc.constantFrom("overwrite", "cut", "double", "end"),
  bytes: fc.uint8Array({ minLength: 8, maxLength: 8 }),
});

function damaged(
  message: Buffer,
  damages: readonly { at: number; length: number; how: string; bytes: Uint8Array }[],
): Buffer {
  return damages.reduce((buffer, { at, length, how, bytes }) => {
    const position = Math.floor(at * buffer.length);
    const head = buffer.subarray(0, position);
    const tail = buffer.subarray(position + length);
    if (how === "overwrite") return Buffer.concat([head, bytes.subarray(0, length), tail]);
    if (how === "cut") return Buffer.concat([head, tail]);
    if (how === "double")
      return Buffer.concat([head, buffer.subarray(position, position + length), buffer.subarray(position)]);
    return Buffer.from(head);
  }, message);
}

/** How many messages came through. Anything but DecodeError is thrown. */
function decodeAll(bytes: Buffer): number {
  let decoded = 0;
  for (const decode of decoders) {
    try {
      for (const message of readMessages(bytes, bytes.length)) {
        decode(message);
        decoded++;
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }
  return decoded;
}

describe("decoding", () => {
  it("of 20,000 cut and mangled datagrams ends, with an answer or a DecodeError", () => {
    let decoded = 0;
    // Each datagram is damaged in five ways: to make it takes longer than to decode it.
    const ways = fc.array(fc.array(damage, { maxLength: 4 }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(datagram, ways, (message, damagesOf) => {
        for (const damages of damagesOf) decoded += decodeAll(damaged(message, damages));
      }),
      { numRuns: 4000 },
    );
    assert.ok(decoded > 20_000, `${decoded} messages got past their header: too few to mean something`);
  });

  it("of random bytes ends likewise", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodeAll(Buffer.from(bytes));
      }),
      { numRuns: 5000 },
    );
  });
});
