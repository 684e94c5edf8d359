import assert from "node:assert/strict";
import { test } from "node:test";
import packet from "dns-packet";
import fc from "fast-check";
import { AnswerWriter, tcpLimit } from "../wire/answer.ts";
import { rcodes } from "../wire/constants.ts";
import { mangled } from "../wire/mangled-test-support.ts";
import { readMessage } from "../wire/message.ts";
import { QueryReader } from "../wire/query.ts";
import { questionMessage } from "../wire/question.ts";
import { continued } from "./continuing.ts";

const ours = [{ owner: undefined, data: { type: "CNAME", target: "www.example.org" }, ttl: 5 }] as const;
const question = questionMessage({ name: "site", type: 1 });

/** What an asker reads. */
function told(others: Uint8Array | "failed") {
  const asked = new QueryReader().read(question, question.length);
  assert.ok(asked);
  const into = Buffer.alloc(tcpLimit);
  const length = new AnswerWriter().write(into, 0, asked, continued(ours, others), tcpLimit);
  return into.subarray(0, length);
}

const theirs = packet.encode({
  type: "response",
  flags: packet.RECURSION_DESIRED,
  questions: [{ name: "www.example.org", type: "A" }],
  answers: [
    { name: "www.example.org", type: "CNAME", ttl: 60, data: "host.example.org" },
    { name: "host.example.org", type: "A", ttl: 70, data: "192.0.2.1" },
    { name: "host.example.org", type: "TXT", ttl: 80, data: [Buffer.of(255, 254, 0)] },
    { name: "host.example.org", type: "MX", ttl: 90, data: { preference: 1, exchange: "host.example.org" } },
  ],
  authorities: [{ name: "example.org", type: "NS", ttl: 9, data: "ns.example.org" }],
});

test("others' records come behind ours, as they are", () => {
  const { answers = [], authorities, questions } = packet.decode(told(theirs));
  const given = packet.decode(theirs);
  assert.deepEqual(
    questions?.map(({ name }) => name),
    ["site"],
  );
  assert.deepEqual(answers[0], { ...answers[0], name: "site", data: "www.example.org" });
  assert.deepEqual(answers.slice(1), given.answers);
  assert.deepEqual(authorities, given.authorities);
});

test("no answer is SERVFAIL", () => {
  assert.equal(readMessage(told("failed"))?.rcode, rcodes.SERVFAIL);
  assert.equal(readMessage(told(Buffer.alloc(5)))?.rcode, rcodes.SERVFAIL);
});

test("whatever others answer, what an asker gets is a message", () => {
  const check = (bytes: Uint8Array) => assert.ok(readMessage(told(bytes)));
  fc.assert(fc.property(mangled([theirs]), check), { numRuns: 10_000 });
});

test("an answer of more records than anybody has use for is none: each takes time that others wait for", () => {
  const name = Array.from({ length: 127 }, () => "a").join(".");
  const answers = (count: number) =>
    Array.from({ length: count }, () => ({ name, type: "CNAME", ttl: 1, data: name }) as const);
  const answer = (count: number) =>
    packet.encode({
      type: "response",
      questions: [{ name: "www.example.org", type: "A" }],
      answers: answers(count),
    });
  assert.equal(packet.decode(told(answer(100))).answers?.length, 101);
  assert.equal(readMessage(told(answer(129)))?.rcode, rcodes.SERVFAIL);
});
