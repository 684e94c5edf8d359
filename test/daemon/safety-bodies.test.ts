// What comes in is refused whole where two programs may read it in two ways, where it is too much, and where it is no HTTP.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ErrorBody } from "../../packages/daemon/src/api/index.ts";
import { TestDaemon } from "../support/daemon.ts";
import { rawAnswer } from "../support/raw-http.ts";

const base = "/cnm/v1/networks";

test("bodies that JSON lets pass, and that may be read in two ways, are refused", async (t) => {
  const daemon = await TestDaemon.start(t);
  const deep = `{"name":"n","driverOptions":{"a":${"[".repeat(100)}${"]".repeat(100)}}}`;
  const cases: readonly [body: string, code: string][] = [
    ['{"name":"a","name":"b"}', "duplicate_key"],
    ['{"name":"a","n\\u0061me":"b"}', "duplicate_key"],
    ['{"name":"a","labels":{"x":"1","y":"2","x":"3"}}', "duplicate_key"],
    ['{"name":"a","labels":{"__proto__":"x"}}', "forbidden_key"],
    ['{"name":"a","labels":{"__pr\\u006fto__":"x"}}', "forbidden_key"],
    [deep, "json_too_deep"],
    ["[".repeat(500_000), "json_too_deep"],
    ['{"name":"a"', "invalid_json"],
    ['{"name":"a",}', "invalid_json"],
    ['{"name":"a\\', "invalid_json"],
    ["{\"name\":'a'}", "invalid_json"],
    ["", "invalid_field"],
    ["null", "invalid_field"],
    ['["name"]', "invalid_field"],
    ['{"name":["a"]}', "invalid_field"],
    ['{"name":"a","internal":"true"}', "invalid_field"],
    ['{"name":"a","constructor":{}}', "unknown_field"],
  ];
  for (const [body, code] of cases) {
    const answer = await daemon.ask("POST", base, body);
    const shown = body.slice(0, 60);
    assert.deepEqual([answer.status, (answer.body as ErrorBody).error.code], [400, code], shown);
  }
  // As deep as may be is no matter of depth.
  const nested = (depth: number) =>
    `{"name":"n","driverOptions":{"a":${"[".repeat(depth)}${"]".repeat(depth)}}}`;
  for (const [depth, code] of [
    [30, "unknown_option"],
    [31, "json_too_deep"],
  ] as const) {
    const answer = await daemon.ask("POST", base, nested(depth));
    assert.equal((answer.body as ErrorBody).error.code, code, answer.text);
  }
  // The same keys in different objects, and an odd name of a label, are no slip.
  const fine = { name: "fine", labels: { name: "x", constructor: "y" } };
  assert.equal((await daemon.ask("POST", base, fine)).status, 201);
  const { body } = await daemon.ask("GET", `${base}?driver=bridge`);
  assert.equal((body as { items: unknown[] }).items.length, 1, "nothing that was refused was made");
});

test("other types, large bodies, and bodies where none is read are refused", async (t) => {
  const daemon = await TestDaemon.start(t);
  const code = async (body: string, type: string, path = base) => {
    const answer = await daemon.ask("POST", path, body, { "content-type": type });
    return [answer.status, (answer.body as ErrorBody).error.code];
  };
  assert.deepEqual(await code('{"name":"a"}', "text/plain"), [415, "unsupported_media_type"]);
  assert.deepEqual(await code("name=a", "application/x-www-form-urlencoded"), [
    415,
    "unsupported_media_type",
  ]);
  const large = JSON.stringify({ name: "a", labels: { a: "x".repeat(1 << 20) } });
  assert.deepEqual(await code(large, "application/json"), [413, "request_too_large"]);
  const many = JSON.stringify({ ports: Array.from({ length: 5000 }, () => ({ containerPort: 80 })) });
  assert.deepEqual(await code(many, "application/json", "/cnm/v1/endpoints/x/publish"), [
    400,
    "invalid_field",
  ]);
  assert.deepEqual(await code('{"a":1}', "application/json", "/cnm/v1/repair"), [400, "unexpected_body"]);
});

test("tricks with paths lead nowhere", async (t) => {
  const daemon = await TestDaemon.start(t);
  await daemon.ask("POST", base, { name: "n" });
  const paths = ["..%2fn", "n%00", "%2e%2e", "n%2f..", "a".repeat(2000), "%252e", "n;x", "💥", "n\\..\\n"];
  for (const path of [
    ...paths.map((name) => `${base}/${encodeURI(name).replaceAll("%25", "%")}`),
    `${base}/../networks/n`,
    "//cnm/v1/networks",
  ]) {
    const answer = await rawAnswer(
      daemon.socket,
      `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1.1 (400|404) /, path);
  }
  const broken = await rawAnswer(
    daemon.socket,
    `GET ${base}/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
  );
  assert.match(broken, /^HTTP\/1.1 400 [\s\S]*invalid_path/);
});

test("what is no HTTP, or too long a head, is answered and hung up on", async (t) => {
  const daemon = await TestDaemon.start(t);
  assert.match(await rawAnswer(daemon.socket, "hello\r\n\r\n"), /^HTTP\/1.1 400 [\s\S]*invalid_request/);
  assert.match(await rawAnswer(daemon.socket, Buffer.from([0x16, 3, 1, 0, 5, 1, 2, 3])), /^HTTP\/1.1 400 /);
  const long = `GET / HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(20_000)}\r\n\r\n`;
  assert.match(await rawAnswer(daemon.socket, long), /^HTTP\/1.1 431 [\s\S]*head_too_large/);
  const smuggled = `POST ${base} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
  assert.match(await rawAnswer(daemon.socket, smuggled), /^HTTP\/1.1 400 /);
  assert.equal((await daemon.ask("GET", base)).status, 200);
});
