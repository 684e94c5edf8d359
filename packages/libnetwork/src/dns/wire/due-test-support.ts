/**
 * What a query deserves, told a second time.
 */
import assert from "node:assert/strict";
import { rcodes } from "./constants.ts";

/** Slowly, with exceptions, and as the RFCs have it. Undefined: no answer. */
export function due(bytes: Uint8Array): { rcode: number; name?: string } | undefined {
  if (bytes.length < 12 || ((bytes[2] ?? 0) & 0x80) !== 0) return undefined;
  const opcode = ((bytes[2] ?? 0) >> 3) & 15;
  if (opcode !== 0) return { rcode: rcodes.NOTIMP };
  try {
    return dueOfQuery(Buffer.from(bytes));
  } catch {
    return { rcode: rcodes.FORMERR };
  }
}

function dueOfQuery(bytes: Buffer): { rcode: number; name: string } {
  const counts = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at));
  const [questions = 0, answers = 0, authorities = 0, additionals = 0] = counts;
  assert.equal(questions, 1);
  assert.equal(answers, 0);
  const question = labelsAt(bytes, 12);
  assert.ok(!question.isCompressed);
  const type = bytes.readUInt16BE(question.end);
  bytes.readUInt16BE(question.end + 2);
  assert.ok(type !== 41 && type !== 250);
  assert.ok(authorities === 0 || type === 251);
  let at = question.end + 4;
  const versions: number[] = [];
  for (let index = 0; index < authorities + additionals; index++) {
    const owner = labelsAt(bytes, at);
    const length = bytes.readUInt16BE(owner.end + 8);
    const data = bytes.subarray(owner.end + 10, owner.end + 10 + length);
    assert.equal(data.length, length);
    if (bytes.readUInt16BE(owner.end) === 41) {
      assert.ok(index >= authorities && owner.end === at + 1);
      versions.push(bytes.readUInt8(owner.end + 5));
      let rest = data;
      while (versions.at(-1) === 0 && rest.length > 0) {
        const option = rest.readUInt16BE(2);
        assert.ok(option <= rest.length - 4);
        rest = rest.subarray(4 + option);
      }
    }
    at = owner.end + 10 + length;
  }
  assert.equal(at, bytes.length);
  assert.ok(versions.length < 2);
  const text = question.labels
    .map((label) => label.toString("latin1").replaceAll(/[.\\]/g, "\\$&"))
    .join(".");
  const name = text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
  return { rcode: (versions[0] ?? 0) === 0 ? rcodes.NOERROR : rcodes.BADVERS, name };
}

function labelsAt(
  bytes: Buffer,
  at: number,
  depth = 0,
): { labels: Buffer[]; end: number; isCompressed: boolean } {
  const labels: Buffer[] = [];
  for (let here = at; ; ) {
    const length = bytes.readUInt8(here);
    if (length >= 0xc0) {
      const target = bytes.readUInt16BE(here) & 0x3fff;
      assert.ok(target < at && target >= 12 && depth < 127);
      labels.push(...labelsAt(bytes.subarray(0, at), target, depth + 1).labels);
      assert.ok(labels.reduce((sum, label) => sum + label.length + 1, 1) <= 255);
      return { labels, end: here + 2, isCompressed: true };
    }
    assert.ok(length < 64);
    if (length > 0) labels.push(bytes.subarray(here + 1, here + 1 + length));
    here += 1 + length;
    assert.ok(here <= bytes.length);
    assert.ok(labels.reduce((sum, label) => sum + label.length + 1, 1) <= 255);
    if (length === 0) return { labels, end: here, isCompressed: false };
  }
}
