// The DNS codec: what reading a query and writing an answer cost, of the resolver's time for a packet.

import { measure } from "mitata";
import { AnswerWriter, tcpLimit } from "../packages/libnetwork/src/dns/wire/answer.ts";
import { recordTypes } from "../packages/libnetwork/src/dns/wire/constants.ts";
import { readMessage, readRecords } from "../packages/libnetwork/src/dns/wire/message.ts";
import { wireName } from "../packages/libnetwork/src/dns/wire/name.ts";
import { prepareAnswer } from "../packages/libnetwork/src/dns/wire/prepared.ts";
import { QueryReader, readQuery } from "../packages/libnetwork/src/dns/wire/query.ts";
import type { Figure } from "./lib/bench.ts";

export const description =
  "the DNS codec: nanoseconds to read a query, to write an answer (no bars but 1 us each)";

/** A buffer like the resolver's: 64 queries, each with room of its own. */
const ROOM = 4096;
const MESSAGES = 64;

export async function run(): Promise<Figure[]> {
  const few = queries(() => "web-7.frontend.example");
  const many = queries((index) => `service-${index}.frontend.example`);
  const strange = queries((index) => `aa-${10 + index}.frontend.example`);
  const answers = Buffer.alloc(ROOM * MESSAGES);
  const reader = new QueryReader();
  const shuffling = new AnswerWriter();
  const asked = readQuery(few, messageLength(few));
  if (asked?.rcode !== 0) throw new Error("the query is not understood");

  const one = prepareAnswer({ authoritative: true, answers: [address(1)] });
  const eight = prepareAnswer({
    authoritative: true,
    answers: Array.from({ length: 8 }, (_, i) => address(i)),
  });
  const service = prepareAnswer({
    answers: [
      { ttl: 600, data: { type: "SRV", priority: 0, weight: 0, port: 80, target: "web-7.frontend.example" } },
    ],
    additionals: [{ ...address(1), owner: "web-7.frontend.example" }],
  });
  const pointer = prepareAnswer({ answers: [{ ttl: 600, data: { type: "PTR", target: "web-7.frontend" } }] });

  let next = 0;
  const slot = () => {
    next = (next + 1) % MESSAGES;
    return next * ROOM;
  };
  const length = messageLength(few);
  const strangeLength = messageLength(strange);
  const lengths = Array.from({ length: MESSAGES }, (_, index) => messageLength(many.subarray(index * ROOM)));
  const whole = Uint8Array.from(answers.subarray(0, shuffling.write(answers, 0, asked, eight, tcpLimit)));

  return [
    await figure("readQuery, one name", 1000, () => reader.read(few, length, slot())),
    await figure("readQuery, 64 names", 1000, () => {
      const at = slot();
      return reader.read(many, lengths[next] ?? 0, at);
    }),
    await figure("readQuery, a name that is new", 1000, () => {
      const at = slot();
      // Another name each time, for some 40,000 of them.
      const last = strange[at + 14] ?? 0;
      strange[at + 14] = last === 0x7a ? 0x61 : last + 1;
      if (last === 0x7a) strange[at + 13] = strange[at + 13] === 0x7a ? 0x61 : (strange[at + 13] ?? 0) + 1;
      return reader.read(strange, strangeLength, at);
    }),
    await figure("an answer with one A", 1000, () => shuffling.write(answers, slot(), asked, one)),
    await figure("an answer with eight A, shuffled", undefined, () =>
      shuffling.write(answers, slot(), asked, eight),
    ),
    await figure("an answer with PTR", undefined, () => shuffling.write(answers, slot(), asked, pointer)),
    await figure("an answer with SRV and A", undefined, () =>
      shuffling.write(answers, slot(), asked, service),
    ),
    await figure("read and answered", 1000, () => {
      const at = slot();
      const query = reader.read(few, length, at);
      return query?.rcode === 0 ? shuffling.write(answers, at, query, one) : 0;
    }),
    await figure("readMessage, eight A", undefined, () => readMessage(whole)),
    await figure("readRecords, eight A", undefined, () => readRecords(whole, nothing)),
  ];
}

function nothing(): void {}

function address(index: number) {
  return { ttl: 600, data: { type: "A", address: `172.30.0.${index}` } } as const;
}

/** What glibc sends, with EDNS. */
function queries(name: (index: number) => string): Buffer {
  const bytes = Buffer.alloc(ROOM * MESSAGES);
  for (let index = 0; index < MESSAGES; index++) {
    const at = index * ROOM;
    bytes.set([0x12, index, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1], at);
    const labels = wireName(name(index))?.bytes ?? new Uint8Array(1);
    bytes.set(labels, at + 12);
    bytes.set(
      [0, recordTypes.A, 0, 1, 0, 0, recordTypes.OPT, 0x04, 0xd0, 0, 0, 0, 0, 0, 0],
      at + 12 + labels.length,
    );
  }
  return bytes;
}

/** Of a query of {@link queries}. */
function messageLength(bytes: Uint8Array): number {
  return bytes.indexOf(0, 12) + 1 + 4 + 11;
}

async function figure(name: string, atMost: number | undefined, action: () => unknown): Promise<Figure> {
  const { p50 } = await measure(action);
  return { name, value: p50, unit: "ns", ...(atMost !== undefined && { bar: { atMost } }) };
}
