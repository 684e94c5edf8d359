// Networks by the CNM API: made, shown, changed only as they were seen, and made once.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ErrorBody, Network, Page } from "../../packages/daemon/src/api/index.ts";
import { TestDaemon } from "../support/daemon.ts";

const base = "/cnm/v1/networks";

function codeOf(answer: { readonly body: unknown }): string {
  return (answer.body as ErrorBody).error.code;
}

test("a network is made, shown by id, name and beginning of its id, and deleted", async (t) => {
  const daemon = await TestDaemon.start(t);
  const made = await daemon.ask("POST", base, { name: "n1", labels: { tier: "web" } });
  assert.equal(made.status, 201, made.text);
  const { id } = made.body as Network;
  for (const reference of [id, "n1", id.slice(0, 6)]) {
    const shown = await daemon.ask("GET", `${base}/${reference}`);
    assert.deepEqual([shown.status, shown.body], [200, made.body]);
  }
  const gone = await daemon.ask("DELETE", `${base}/n1`);
  assert.deepEqual([gone.status, gone.text], [204, ""]);
  const missing = await daemon.ask("GET", `${base}/n1`);
  assert.deepEqual([missing.status, codeOf(missing)], [404, "network_not_found"]);
});

test("a slip in a field or in a parameter is told, with the name that was meant", async (t) => {
  const daemon = await TestDaemon.start(t);
  const field = await daemon.ask("POST", base, { name: "n2", internl: true });
  assert.deepEqual([field.status, codeOf(field)], [400, "unknown_field"]);
  assert.match(field.text, /did you mean \\"internal\\"/);
  const needed = await daemon.ask("POST", base, { nme: "n2" });
  assert.deepEqual([needed.status, codeOf(needed)], [400, "unknown_field"]);
  assert.match(needed.text, /did you mean \\"name\\"/);
  const left = await daemon.ask("POST", base, { internal: true });
  assert.deepEqual([left.status, codeOf(left)], [400, "invalid_field"]);
  const parameter = await daemon.ask("GET", `${base}?limti=3`);
  assert.deepEqual([parameter.status, codeOf(parameter)], [400, "unknown_field"]);
  assert.match(parameter.text, /did you mean \\"limit\\"/);
  const choice = await daemon.ask("POST", base, { name: "n2", scope: "galaxy" });
  assert.match(choice.text, /body.scope must be one of local, global/);
});

test("paths that are none, and methods that a path does not have, are told in the same form", async (t) => {
  const daemon = await TestDaemon.start(t);
  const nowhere = await daemon.ask("GET", "/cnm/v1/netwroks");
  assert.deepEqual([nowhere.status, codeOf(nowhere)], [404, "unknown_path"]);
  const wrong = await daemon.ask("PUT", `${base}/n`);
  assert.deepEqual([wrong.status, codeOf(wrong)], [405, "method_not_allowed"]);
  assert.equal(wrong.headers.allow, "DELETE, GET, HEAD");
  // What lasts has no head alone: it would be waited for.
  for (const path of [
    `/cnm/v1/events`,
    `/cnm/v1/containers/c/logs`,
    `/cnm/v1/containers/c/wait`,
    "/events",
  ]) {
    const { status } = await daemon.ask("HEAD", path);
    assert.ok(status === 404 || status === 405, `${path}: ${status}`);
  }
});

test("a list comes in pages, which miss nothing that stays and show nothing twice while others come and go", async (t) => {
  const daemon = await TestDaemon.start(t);
  const names = Array.from({ length: 7 }, (_, at) => `n${at}`);
  for (const name of names) await daemon.ask("POST", base, { name, driver: "bridge" });
  const seen: string[] = [];
  let next: string | undefined = "";
  for (let page = 0; next !== undefined; page++) {
    const cursor: string = next === "" ? "" : `&cursor=${next}`;
    const { body } = await daemon.ask("GET", `${base}?driver=bridge&limit=2${cursor}`);
    const { items, ...rest } = body as Page<Network>;
    seen.push(...items.map(({ name }) => name));
    // One that was shown goes, one that is still to come goes, and a new one comes.
    if (page === 1) for (const name of ["n3", "n5"]) await daemon.ask("DELETE", `${base}/${name}`);
    if (page === 1) await daemon.ask("POST", base, { name: "late" });
    next = rest.next;
  }
  assert.deepEqual(seen, ["n0", "n1", "n2", "n3", "n4", "n6", "late"]);
  const bad = await daemon.ask("GET", `${base}?cursor=zzz`);
  assert.deepEqual([bad.status, codeOf(bad)], [400, "invalid_cursor"]);
});

test("lists are filtered by name, label and driver", async (t) => {
  const daemon = await TestDaemon.start(t);
  await daemon.ask("POST", base, { name: "red", labels: { colour: "red", old: "" } });
  await daemon.ask("POST", base, { name: "blue", labels: { colour: "blue" } });
  const names = async (query: string) => {
    const { body } = await daemon.ask("GET", `${base}?${query}`);
    return (body as Page<Network>).items.map(({ name }) => name);
  };
  assert.deepEqual(await names("name=lu"), ["blue"]);
  assert.deepEqual(await names("label=colour%3Dred"), ["red"]);
  assert.deepEqual(await names("label=colour&label=old"), ["red"]);
  assert.deepEqual(await names("label=constructor"), []);
  assert.deepEqual((await names("driver=null")).includes("red"), false);
});

test("a change is made of what was seen only: of two that saw the same, one wins", async (t) => {
  const daemon = await TestDaemon.start(t);
  const made = await daemon.ask("POST", base, { name: "n" });
  const etag = String(made.headers.etag);
  const same = await daemon.ask("GET", `${base}/n`, undefined, { "if-none-match": etag });
  assert.deepEqual([same.status, same.text], [304, ""]);
  const create = (name: string) => daemon.ask("POST", `${base}/n/endpoints`, { name }, { "if-match": etag });
  const answers = await Promise.all([create("a"), create("b")]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 412]);
  const stale = await daemon.ask("DELETE", `${base}/n`, undefined, { "if-match": etag });
  assert.deepEqual([stale.status, codeOf(stale)], [412, "precondition_failed"]);
  const { body } = await daemon.ask("GET", `${base}/n/endpoints`);
  assert.equal((body as Page<unknown>).items.length, 1);
});

test("a creation with an idempotency key is made once, however often and at whatever time it is asked for", async (t) => {
  const daemon = await TestDaemon.start(t);
  const create = (body: unknown, key: string) => daemon.ask("POST", base, body, { "idempotency-key": key });
  const [first, second] = await Promise.all([create({ name: "n" }, "k1"), create({ name: "n" }, "k1")]);
  const third = await create({ name: "n" }, "k1");
  assert.deepEqual([first.status, second.status, third.status], [201, 201, 201], second.text);
  assert.deepEqual([second.body, third.body], [first.body, first.body]);
  // Without the key, or with another, the name is taken.
  assert.equal((await daemon.ask("POST", base, { name: "n" })).status, 409);
  const other = await create({ name: "other" }, "k1");
  assert.deepEqual([other.status, codeOf(other)], [422, "idempotency_key_reused"]);
  // What failed has made nothing, and may be tried again with its key.
  assert.equal((await create({ name: "n" }, "k2")).status, 409);
  await daemon.ask("DELETE", `${base}/n`);
  assert.equal((await create({ name: "n" }, "k2")).status, 201);
});
