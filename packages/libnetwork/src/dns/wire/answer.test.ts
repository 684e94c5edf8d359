import assert from "node:assert/strict";
import { describe, test } from "node:test";
import packet from "dns-packet";
import fc from "fast-check";
import { parseIp } from "../../address/ip.ts";
import { AnswerWriter, type AnswerWriterOptions, barestAnswer, tcpLimit } from "./answer.ts";
import { rcodes, recordTypes } from "./constants.ts";
import type { AnyRecordData } from "./data.ts";
import { recordData as dataOf } from "./data-text.ts";
import { nameAt, readMessage } from "./message.ts";
import { type AnswerText, prepareAnswer, type RecordText } from "./prepared.ts";
import { type Asked, readQuery } from "./query.ts";
import { hex, hostName, optOf, queryOf, record } from "./test-support.ts";

function asking(message: Uint8Array): Asked {
  const asked = readQuery(message, message.length);
  assert.ok(asked !== undefined);
  return asked;
}

function write(
  query: Uint8Array,
  answer: AnswerText,
  limit = tcpLimit,
  options: AnswerWriterOptions = { order: "given" },
): Uint8Array {
  const into = new Uint8Array(70_000);
  const length = new AnswerWriter(options).write(into, 0, asking(query), prepareAnswer(answer), limit);
  return into.slice(0, length);
}

function a(address: string, owner?: string, ttl = 600): RecordText {
  return { owner, ttl, data: { type: "A", address } };
}

const header = "1234 8180 0001";

describe("golden bytes", () => {
  const query = queryOf({ name: "WwW.Example.org" });
  const question = "03 577757 07 4578616d706c65 03 6f7267 00 0001 0001";

  test("an address, its name a pointer to the question, which keeps its case", () => {
    const message = write(query, { authoritative: true, answers: [a("192.0.2.1")] });
    const expected = `1234 8580 0001 0001 0000 0000 ${question} c00c 0001 0001 00000258 0004 c0000201`;
    assert.deepEqual(message, hex(expected));
  });

  test("an IPv6 address", () => {
    const message = write(query, { answers: [{ ttl: 0, data: { type: "AAAA", address: "2001:db8::1" } }] });
    const record = "c00c 001c 0001 00000000 0010 20010db8000000000000000000000001";
    assert.deepEqual(message, hex(`${header} 0001 0000 0000 ${question} ${record}`));
  });

  test("an alias, its end a pointer, and what it leads to", () => {
    const answers: RecordText[] = [
      { ttl: 60, data: { type: "CNAME", target: "db.example.org" } },
      a("192.0.2.2", "DB.example.org", 60),
    ];
    assert.deepEqual(
      write(query, { answers }),
      hex(`${header} 0002 0000 0000 ${question}
        c00c 0005 0001 0000003c 0005 02 6462 c010
        c02d 0001 0001 0000003c 0004 c0000202`),
    );
  });

  test("a service: its target is written out (RFC 2782), the address' owner points to it", () => {
    const query = queryOf({ name: "_http._tcp.web", type: recordTypes.SRV });
    const message = write(query, {
      answers: [{ ttl: 600, data: { type: "SRV", priority: 1, weight: 2, port: 80, target: "web" } }],
      additionals: [a("192.0.2.3", "web")],
    });
    assert.deepEqual(
      message,
      hex(`${header} 0001 0000 0001 05 5f68747470 04 5f746370 03 776562 00 0021 0001
        c00c 0021 0001 00000258 000b 0001 0002 0050 03 776562 00
        c017 0001 0001 00000258 0004 c0000203`),
    );
  });

  test("no such name, with the zone's SOA (RFC 2308 2.1)", () => {
    const soa: AnyRecordData = {
      type: "SOA",
      primary: "ns.example.org",
      mailbox: "admin.ns.example.org",
      serial: 1,
      refresh: 2,
      retry: 3,
      expire: 4,
      minimum: 0xfffffffe,
    };
    const message = write(query, {
      rcode: rcodes.NXDOMAIN,
      authorities: [{ owner: "example.org", ttl: 5, data: soa }],
    });
    assert.deepEqual(
      message,
      hex(`1234 8183 0001 0000 0001 0000 ${question}
        c010 0006 0001 00000005 0021 02 6e73 c010 05 61646d696e c02d
        00000001 00000002 00000003 00000004 fffffffe`),
    );
  });

  test("texts, and what RFC 8482 answers to ANY", () => {
    const message = write(query, {
      answers: [
        { ttl: 1, data: { type: "TXT", texts: ["a", "", "é"] } },
        { ttl: 1, data: { type: "TXT", texts: [] } },
        { ttl: 3600, data: { type: "HINFO", cpu: "RFC8482", os: "" } },
      ],
    });
    assert.deepEqual(
      message,
      hex(`${header} 0003 0000 0000 ${question}
        c00c 0010 0001 00000001 0006 01 61 00 02 c3a9
        c00c 0010 0001 00000001 0001 00
        c00c 000d 0001 00000e10 0009 07 52464338343832 00`),
    );
  });

  test("OPT where the query has one, with DO as it was; RD and CD too, and nothing of AD", () => {
    const query = queryOf({ bits: 0x0030, name: "a", records: [optOf({ dnssecOk: true, udpSize: 4096 })] });
    const message = write(query, { answers: [a("192.0.2.1")] });
    assert.deepEqual(
      message,
      hex(`1234 8090 0001 0001 0000 0001 01 61 00 0001 0001
        c00c 0001 0001 00000258 0004 c0000201  00 0029 04d0 00 00 8000 0000`),
    );
  });
});

describe("refusals", () => {
  const refuse = (query: Uint8Array): Uint8Array => {
    const refusal = asking(query);
    const into = new Uint8Array(512);
    assert.ok("rcode" in refusal && refusal.rcode !== 0);
    const { rcode } = refusal as Asked & { rcode: 1 | 4 | 16 };
    return into.slice(0, new AnswerWriter().writeRefusal(into, 0, { ...refusal, rcode }));
  };

  test("FORMERR without a question where there is none to be read", () => {
    assert.deepEqual(refuse(queryOf().slice(0, 15)), hex("1234 8181 0000 0000 0000 0000"));
  });

  test("NOTIMP with the opcode that was sent", () => {
    const expected = hex("1234 9084 0001 0000 0000 0000 01 61 00 0001 0001");
    assert.deepEqual(refuse(queryOf({ name: "a", bits: 2 << 11 })), expected);
  });

  test("BADVERS, its upper bits in OPT (RFC 6891 6.1.3)", () => {
    assert.deepEqual(
      refuse(queryOf({ name: "a", records: [optOf({ version: 1 })] })),
      hex("1234 8180 0001 0000 0000 0001 01 61 00 0001 0001 00 0029 04d0 01 00 0000 0000"),
    );
  });

  test("REFUSED, and RA only where we find out for others", () => {
    const into = new Uint8Array(512);
    const length = new AnswerWriter({ recursionAvailable: false }).writeBare(
      into,
      0,
      asking(queryOf({ name: "a" })),
      rcodes.REFUSED,
    );
    assert.deepEqual(into.slice(0, length), hex("1234 8105 0001 0000 0000 0000 01 61 00 0001 0001"));
  });
});

const query = fc
  .record({ name: hostName, edns: fc.boolean() })
  .map(({ name, edns }) => queryOf({ name, records: edns ? [optOf()] : [] }));
const answer = fc.record({
  rcode: fc.constantFrom(0, 3),
  authoritative: fc.boolean(),
  answers: fc.array(record, { maxLength: 12 }),
  authorities: fc.array(record, { maxLength: 3 }),
  additionals: fc.array(record, { maxLength: 6 }),
});

/** A record as dns-packet has it, in our words. */
function plain(record: packet.Answer, asked: string): object {
  assert.ok("ttl" in record && "data" in record);
  const { name, ttl, type, data } = record;
  return {
    owner: name.toLowerCase() === asked ? undefined : name.toLowerCase(),
    ttl,
    data: plainData(type, data),
  };
}

function plainData(type: string, data: unknown): object {
  if (type === "TXT") return { type, texts: (data as Buffer[]).map((text) => text.toString("utf8")) };
  if (type === "AAAA") return { type, address: parseIp(data as string).toString() };
  if (type === "A") return { type, address: data };
  if (type === "SRV") {
    const { target, ...rest } = data as { target: string };
    return { type, ...rest, target: target.toLowerCase() };
  }
  if (type === "SOA") {
    const { mname, rname, ...rest } = data as { mname: string; rname: string };
    return { type, ...rest, primary: mname.toLowerCase(), mailbox: rname.toLowerCase() };
  }
  return typeof data === "string" ? { type, target: data.toLowerCase() } : { type, ...(data as object) };
}

function expected(records: readonly RecordText[], asked: string): object[] {
  return records.map(({ owner, ttl, data }) => ({ owner: owner === asked ? undefined : owner, ttl, data }));
}

describe("any answer", () => {
  test("is what dns-packet reads", () => {
    fc.assert(
      fc.property(query, answer, (query, answer) => {
        const message = write(query, answer);
        const read = packet.decode(Buffer.from(message));
        const asked = read.questions?.[0]?.name ?? "";
        const others = (read.additionals ?? []).filter(({ type }) => type !== "OPT");
        assert.equal(Reflect.get(read, "rcode"), answer.rcode === 0 ? "NOERROR" : "NXDOMAIN");
        assert.equal(read.flag_aa, answer.authoritative);
        assert.equal(read.flag_tc, false);
        assert.equal(read.additionals?.length, answer.additionals.length + (query.at(11) ?? 0));
        assert.deepEqual(
          (read.answers ?? []).map((each) => plain(each, asked)),
          expected(answer.answers, asked),
        );
        assert.deepEqual(
          (read.authorities ?? []).map((each) => plain(each, asked)),
          expected(answer.authorities, asked),
        );
        assert.deepEqual(
          others.map((each) => plain(each, asked)),
          expected(answer.additionals, asked),
        );
        assert.ok(message.length <= packet.encodingLength(read), "pointers make it shorter, if anything");
      }),
      { numRuns: 1000 },
    );
  });

  test("is what we read ourselves", () => {
    fc.assert(
      fc.property(query, answer, (query, answer) => {
        const message = readMessage(write(query, answer));
        assert.ok(message?.question);
        const asked = message.question.name;
        const read = message.records.map((record) => {
          const owner = nameAt(message, record.nameAt)?.toLowerCase();
          return {
            owner: owner === asked ? undefined : owner,
            ttl: record.ttl,
            data: dataOf(message, record),
          };
        });
        const given = [...answer.answers, ...answer.authorities, ...answer.additionals];
        assert.deepEqual(read, expected(given, asked));
        assert.equal(message.end, message.bytes.length);
      }),
    );
  });

  test("is as long as it may be, and has whole records only", () => {
    const limits = fc.integer({ min: 300, max: 1500 });
    fc.assert(
      fc.property(query, answer, limits, fc.nat(50), (query, answer, limit, start) => {
        const asked = asking(query);
        const prepared = prepareAnswer(answer);
        const into = new Uint8Array(start + limit + 100).fill(0xaa);
        const length = new AnswerWriter({ order: "given" }).write(into, start, asked, prepared, limit);
        assert.ok(length <= limit);
        assert.ok(
          into.subarray(0, start).every((byte) => byte === 0xaa),
          "bytes before it are others'",
        );
        assert.ok(
          into.subarray(start + limit).every((byte) => byte === 0xaa),
          "bytes behind it are others'",
        );

        const message = readMessage(into, length, start);
        assert.ok(message);
        const counts = [1, 2, 3].map(
          (section) => message.records.filter((it) => it.section === section).length,
        );
        const whole = write(query, answer);
        const { answers, authorities, additionals } = answer;
        const left = counts[0] !== answers.length || counts[1] !== authorities.length;
        assert.equal(message.truncated, left);
        assert.equal(length === whole.length, counts[2] === additionals.length && !left);
        assert.equal(message.edns !== undefined, asked.edns);
        const read = message.records.map((record) => dataOf(message, record));
        const given = [
          ...answers.slice(0, counts[0]),
          ...authorities.slice(0, counts[1]),
          ...additionals.slice(0, counts[2]),
        ];
        assert.deepEqual(
          read,
          given.map(({ data }) => data),
        );
      }),
      { numRuns: 1000 },
    );
  });

  test("may take the place of its query", () => {
    fc.assert(
      fc.property(query, answer, fc.nat(30), (query, answer, start) => {
        const buffer = new Uint8Array(20_000);
        buffer.set(query, start);
        const asked = readQuery(buffer, query.length, start);
        assert.ok(asked);
        const writer = new AnswerWriter({ order: "given" });
        const length = writer.write(buffer, start, asked, prepareAnswer(answer), 15_000);
        assert.deepEqual(buffer.slice(start, start + length), write(query, answer, 15_000));
      }),
    );
  });
});

describe("names", () => {
  test("stand in a message once, up to where pointers reach", () => {
    const answers = Array.from({ length: 2000 }, (_, i) =>
      a("192.0.2.1", `host-${i}.some.where.example.org`),
    );
    const message = write(queryOf(), { answers });
    const read = packet.decode(Buffer.from(message));
    assert.deepEqual(
      read.answers?.map(({ name }) => name),
      answers.map(({ owner }) => owner),
    );
    // One whole name and the first labels; pointers to the rest, which stands near the beginning.
    assert.ok(message.length < 2000 * (2 + 9 + 14 + 1) + 100, `${message.length}`);
  });

  test("are not pointed to where pointers do not reach", () => {
    const text: RecordText = { ttl: 1, data: { type: "TXT", texts: ["x".repeat(255)] } };
    const far = [a("192.0.2.1", "far.away"), a("192.0.2.2", "far.away")];
    for (const count of [60, 61, 62]) {
      const message = write(queryOf(), { answers: [...Array<RecordText>(count).fill(text), ...far] });
      const read = packet.decode(Buffer.from(message)).answers ?? [];
      assert.deepEqual(
        read.slice(-2).map(({ name }) => name),
        ["far.away", "far.away"],
      );
    }
  });

  test("of one message are not looked for in the next", () => {
    const into = new Uint8Array(1000);
    const writer = new AnswerWriter();
    const prepared = prepareAnswer({ answers: [{ ttl: 1, data: { type: "PTR", target: "a.b.c" } }] });
    const asked = asking(queryOf({ name: "x.y" }));
    const first = into.slice(0, writer.write(into, 0, asked, prepared));
    const second = into.slice(0, writer.write(into, 0, asked, prepared));
    assert.deepEqual(first, second);
  });

  test("of the root need no pointer", () => {
    const message = write(queryOf({ name: "" }), {
      answers: [{ ttl: 1, owner: "", data: { type: "NS", target: "" } }],
    });
    assert.deepEqual(message, hex(`${header} 0001 0000 0000 00 0001 0001 00 0002 0001 00000001 0001 00`));
  });
});

describe("the order of addresses", () => {
  const addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
  const answers: RecordText[] = [
    { ttl: 1, data: { type: "TXT", texts: ["first"] } },
    ...addresses.map((address) => a(address)),
    { ttl: 1, data: { type: "AAAA", address: "2001:db8::1" } },
    a("192.0.2.9", "other"),
  ];

  function orders(options: AnswerWriterOptions, count: number): string[][] {
    const writer = new AnswerWriter(options);
    const prepared = prepareAnswer({ answers });
    const into = new Uint8Array(1000);
    return Array.from({ length: count }, () => {
      const message = readMessage(into, writer.write(into, 0, asking(queryOf()), prepared));
      assert.ok(message);
      const read = message.records.map((record) => dataOf(message, record));
      assert.deepEqual(
        read.map((data) => data?.type),
        ["TXT", "A", "A", "A", "AAAA", "A"],
      );
      return read.slice(1, 4).map((data) => (data?.type === "A" ? data.address : ""));
    });
  }

  test("may be as it was given", () => {
    assert.deepEqual(orders({ order: "given" }, 2), [addresses, addresses]);
  });

  test("may begin with the next each time", () => {
    const [one = "", two = "", three = ""] = addresses;
    const expected = [addresses, [two, three, one], [three, one, two], addresses];
    assert.deepEqual(orders({ order: "rotate" }, 4), expected);
  });

  test("is by chance, each order as likely as any other", () => {
    const counts = new Map<string, number>();
    for (const order of orders({}, 6000)) counts.set(order.join(), (counts.get(order.join()) ?? 0) + 1);
    assert.equal(counts.size, 6);
    // 1,000 are expected, with a standard deviation of 29.
    for (const count of counts.values()) assert.ok(count > 750 && count < 1250, `${count}`);
  });

  test("is not lost where there is room for some only, and each comes to be the first", () => {
    const many = Array.from({ length: 60 }, (_, i) => a(`192.0.2.${i}`));
    const writer = new AnswerWriter();
    const prepared = prepareAnswer({ answers: many });
    const into = new Uint8Array(600);
    const seen = new Set<number>();
    for (let round = 0; round < 200; round++) {
      const message = readMessage(into, writer.write(into, 0, asking(queryOf()), prepared));
      assert.ok(message?.truncated);
      assert.equal(message.records.length, 29);
      const last = message.records.map(({ dataAt }) => into[dataAt + 3] ?? 0);
      assert.equal(new Set(last).size, 29);
      for (const each of last) seen.add(each);
    }
    assert.equal(seen.size, 60);
  });
});

describe("what cannot be prepared", () => {
  const cases: Record<string, RecordText> = {
    invalid_address: a("192.0.2.256"),
    invalid_name: { ttl: 1, data: { type: "CNAME", target: "a..b" } },
    "invalid_record for a text": { ttl: 1, data: { type: "TXT", texts: ["é".repeat(128)] } },
    "invalid_record for all texts": {
      ttl: 1,
      data: { type: "TXT", texts: Array(300).fill("a".repeat(255)) },
    },
    "invalid_record for a port": {
      ttl: 1,
      data: { type: "SRV", priority: 0, weight: 0, port: 65536, target: "a" },
    },
    "invalid_record for a TTL": a("192.0.2.1", undefined, 2 ** 31),
    "invalid_name for an owner": a("192.0.2.1", "a".repeat(64)),
  };
  for (const [why, record] of Object.entries(cases)) {
    test(why, () => {
      assert.throws(() => prepareAnswer({ answers: [record] }), { code: why.split(" ")[0] });
    });
  }

  test("nor is there an answer without room", () => {
    const into = new Uint8Array(barestAnswer - 1);
    assert.throws(() => new AnswerWriter().writeBare(into, 0, asking(queryOf()), 0), RangeError);
  });
});
