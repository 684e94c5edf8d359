import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { readEvents } from "./server-sent.ts";
import { readResponse, requestText } from "./wire.ts";

/** Text in parts of these sizes, over and over. */
async function* parts(text: string, sizes: readonly number[]): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function read(text: string, sizes: readonly number[] = [1000]) {
  const response = await readResponse(parts(text, sizes));
  const body: Buffer[] = [];
  for await (const part of response.body) body.push(part);
  return { status: response.status, body: Buffer.concat(body).toString(), headers: response.headers };
}

const cut = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 });

describe("an answer", () => {
  test("is read whatever parts it comes in, by length, in chunks, and to the end", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme" }), cut, async (text, sizes) => {
        const length = Buffer.byteLength(text);
        const chunk = length === 0 ? "" : `${length.toString(16)};x=y\r\n${text}\r\n`;
        for (const answer of [
          `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${text}`,
          `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`,
          `HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${text}`,
        ]) {
          const { status, body } = await read(answer, sizes);
          assert.equal(status, 200);
          assert.equal(body, answer.includes("chunked") ? text + text : text);
        }
      }),
    );
  });

  test("without a body has none, and interim ones are passed over", async () => {
    assert.equal((await read("HTTP/1.1 204 No Content\r\n\r\n")).body, "");
    const late = await read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404\r\ncontent-length: 1\r\n\r\nx");
    assert.deepEqual([late.status, late.body], [404, "x"]);
  });

  test("that ends too early or is no HTTP is an error", async () => {
    for (const answer of ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc"]) {
      await assert.rejects(read(answer), /ended too early/);
    }
    const chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    await assert.rejects(read(`${chunks}5\r\nab`), /ended too early/);
    await assert.rejects(read(`${chunks}zz\r\n`), /chunk's size/);
    await assert.rejects(read("SSH-2.0-OpenSSH\r\n\r\n"), /no HTTP/);
  });
});

test("a request says how long its body is, in bytes", () => {
  assert.equal(
    requestText("POST", "/x", { accept: "a" }, '"ä"'),
    'POST /x HTTP/1.1\r\nhost: causeway\r\nconnection: close\r\naccept: a\r\ncontent-length: 4\r\n\r\n"ä"',
  );
});

test("server-sent events are read whatever parts they come in", async () => {
  const text = ": hello\nid: 1\ndata: ä\ndata: b\n\nevent: x\r\ndata:c\r\n\r\n\n\ndata: unfinished";
  await fc.assert(
    fc.asyncProperty(cut, async (sizes) => {
      const events = await Array.fromAsync(readEvents(parts(text, sizes)));
      assert.deepEqual(events, [
        { id: "1", data: "ä\nb" },
        { id: "1", data: "c" },
      ]);
    }),
  );
});
