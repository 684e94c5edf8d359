import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { Client } from "./client.ts";

type Parts = readonly (string | Buffer)[];

/** A client of somebody who answers each request with these parts, one after the other, and hangs up. */
async function clientOf(t: TestContext, answer: (target: string) => Parts): Promise<Client> {
  const directory = mkdtempSync(join(tmpdir(), "causeway-client-"));
  const path = join(directory, "s");
  const server = createServer((socket) => {
    socket.once("data", (request) => {
      const [, target = ""] = request.toString().split(" ");
      const [head = "", ...parts] = answer(target);
      socket.write(head);
      const next = () => {
        const part = parts.shift();
        if (part === undefined) socket.end();
        else socket.write(part, () => setImmediate(next));
      };
      next();
    });
  }).listen(path);
  t.after(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  await once(server, "listening");
  return new Client({ address: { kind: "unix", path }, tls: () => ({}) });
}

const head = (status: number, length?: number) =>
  `HTTP/1.1 ${status} X\r\n${length === undefined ? "" : `content-length: ${length}\r\n`}\r\n`;
const json = (status: number, body: unknown): Parts => {
  const text = JSON.stringify(body);
  return [head(status, Buffer.byteLength(text)), text];
};

describe("the client", () => {
  test("reads all pages of a list, each with the query of the first", async (t) => {
    const asked: string[] = [];
    const client = await clientOf(t, (target) => {
      asked.push(target);
      return json(200, target.includes("cursor=b") ? { items: [3] } : { items: [1, 2], next: "b" });
    });
    assert.deepEqual(await client.list("/networks", { query: { driver: "x y" } }), [1, 2, 3]);
    assert.deepEqual(asked, ["/cnm/v1/networks?driver=x%20y", "/cnm/v1/networks?driver=x%20y&cursor=b"]);
  });

  test("gives a stream's characters whole, wherever its parts end", async (t) => {
    const bytes = Buffer.from("a–ü💥");
    const client = await clientOf(t, () => [head(200), ...[...bytes].map((byte) => Buffer.from([byte]))]);
    assert.equal((await Array.fromAsync(client.stream("/x"))).join(""), "a–ü💥");
  });

  test("ends with a status for each kind of refusal", async (t) => {
    for (const [kind, status, exitCode] of [
      ["not_found", 404, 3],
      ["conflict", 409, 1],
      ["invalid", 400, 1],
      ["forbidden", 403, 1],
      ["unavailable", 503, 69],
    ] as const) {
      const error = { code: "c", kind, message: "m" };
      const client = await clientOf(t, () => json(status, { error }));
      await assert.rejects(client.get("/x"), { exitCode, kind, message: "m", status });
      await assert.rejects(Array.fromAsync(client.stream("/x")), { exitCode });
      await assert.rejects(Array.fromAsync(client.events("/x")), { exitCode });
    }
    const odd = await clientOf(t, () => [head(502, 3), "bad"]);
    await assert.rejects(odd.get("/x"), { exitCode: 70, message: /status 502: bad/ });
  });

  test("tells of an answer that is cut off, and of a socket that is not for this user", async (t) => {
    const cut = await clientOf(t, () => [head(200, 10), "{"]);
    await assert.rejects(cut.get("/x"), { exitCode: 69, message: /hung up in the middle/ });
    const directory = mkdtempSync(join(tmpdir(), "causeway-client-"));
    t.after(() => rmSync(directory, { recursive: true }));
    chmodSync(directory, 0o700);
    const client = new Client({ address: { kind: "unix", path: join(directory, "s") }, tls: () => ({}) });
    // Root may do anything: the kernel asks who we are when we connect, which is at once.
    process.seteuid?.(64_321);
    const refused = client.get("/x");
    process.seteuid?.(0);
    await assert.rejects(refused, { exitCode: 77, message: /be in its group/ });
    await assert.rejects(client.get("/x"), { exitCode: 69, message: /no such socket/ });
  });
});
