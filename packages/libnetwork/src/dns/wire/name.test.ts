import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NamePath, wireName } from "./name.ts";
import { anyLabels, bytesOfLabels, guarded, textOfLabels } from "./test-support.ts";

/** Reads a name of a message whose header and names these are. */
function read(bytes: readonly number[], at: number, start = 0): string | undefined {
  const path = new NamePath();
  const message = guarded(Uint8Array.from(bytes));
  return path.read(message, at, start, bytes.length) ? path.text(message, start) : undefined;
}

const header = Array<number>(12).fill(0);

test("labels of any bytes are text, and the same labels again", () => {
  fc.assert(
    fc.property(anyLabels, (labels) => {
      const text = textOfLabels(labels);
      const bytes = bytesOfLabels(labels);
      assert.deepEqual([...(wireName(text)?.bytes ?? [])], bytes);
      assert.equal(read([...header, ...bytes], 12), text);
    }),
  );
});

test("text in other words", () => {
  const bytes = (text: string) => Buffer.from(wireName(text)?.bytes ?? []).toString("latin1");
  assert.equal(bytes(""), "\0");
  assert.equal(bytes("."), "\0");
  assert.equal(bytes("a.b"), "\x01a\x01b\0");
  assert.equal(bytes("a.b."), "\x01a\x01b\0");
  assert.equal(bytes("a\\.b.c"), "\x03a.b\x01c\0");
  assert.equal(bytes("\\097\\000\\."), "\x03a\0.\0");
  assert.equal(bytes("a\\b"), "\x02ab\0");
});

test("what is no name", () => {
  const long = "a".repeat(63);
  assert.notEqual(wireName(`${long}.${long}.${long}.${"a".repeat(61)}`), undefined);
  for (const text of [
    "..",
    ".a",
    "a..b",
    "a..",
    "a".repeat(64),
    `${long}.${long}.${long}.${"a".repeat(62)}`,
    "a.".repeat(128),
    "é→",
    "a\\",
    "a\\256",
  ]) {
    assert.equal(wireName(text), undefined, text);
  }
});

test("pointers lead backwards, as far as one likes (RFC 1035 4.1.4's example)", () => {
  const bytes = [
    ...header,
    ...Array<number>(8).fill(0),
    ...bytesOfLabels([[70], [73, 83, 73], [65, 82, 80, 65]]),
  ];
  bytes.push(...Array<number>(40 - bytes.length).fill(0), 3, 70, 79, 79, 0xc0, 20, 0xc0, 40, 0xc0, 46);
  assert.equal(read(bytes, 40), "FOO.F.ISI.ARPA");
  assert.equal(read(bytes, 46), "FOO.F.ISI.ARPA");
  assert.equal(read(bytes, 48), "FOO.F.ISI.ARPA");
  assert.equal(read([99, ...bytes], 49, 1), "FOO.F.ISI.ARPA");
});

test("broken names", () => {
  const cases: Record<string, readonly number[]> = {
    "cut short before the root": [1, 97],
    "cut short in a label": [5, 97],
    "a label with nothing behind it": [1, 97, 3],
    "a pointer cut short": [0xc0],
    "a pointer to itself": [0xc0, 12],
    "a pointer to its own label": [1, 97, 0xc0, 12],
    "a pointer forwards": [0xc0, 14, 1, 97, 0],
    "a pointer into the header": [0xc0, 4],
    "a pointer outside": [0xff, 0xff],
    "01, an extended label": [0x41, 1, 0],
    "10, which means nothing": [0x80, 1, 0],
  };
  for (const [why, bytes] of Object.entries(cases))
    assert.equal(read([...header, ...bytes], 12), undefined, why);
  assert.equal(read(header, 12), undefined, "nothing at all");
  assert.equal(
    read([...header, 3, 0xc0, 12, 97, 0], 13),
    undefined,
    "a pointer to a label that it is in itself",
  );
});

test("a name is too long also when pointers make it so", () => {
  const label = [63, ...Array<number>(63).fill(97)];
  const bytes = [...header, ...label, ...label, ...label, 0];
  const fits = [61, ...Array<number>(61).fill(98), 0xc0, 12];
  const not = [62, ...Array<number>(62).fill(98), 0xc0, 12];
  assert.equal(read([...bytes, ...fits], bytes.length)?.length, 253);
  assert.equal(read([...bytes, ...not], bytes.length), undefined);
});

test("a name follows no more pointers than one can need", () => {
  const bytes = [...header, 0, 0xc0, 12];
  while (bytes.length < 600) bytes.push(0xc0, bytes.length - 2);
  const pointer = (index: number) => 13 + 2 * index;
  const chain = bytes.map((byte, at) => (at > 14 && at % 2 === 1 ? 0xc0 | ((at - 2) >> 8) : byte));
  for (let at = 15; at + 1 < chain.length; at += 2) chain[at + 1] = (at - 2) & 0xff;
  assert.equal(read(chain, pointer(126)), "");
  assert.equal(read(chain, pointer(127)), undefined);
});
