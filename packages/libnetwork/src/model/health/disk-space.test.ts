import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectSpace, spaceItems } from "./disk-space.ts";

const roomy = { bavail: 10_000, bsize: 4096, files: 1000, ffree: 500 };
const messages = (stats: typeof roomy) => spaceItems("/run/x", stats).map(({ message }) => message);

test("a file system with room is well", () => {
  assert.deepEqual(messages(roomy), []);
  assert.deepEqual(messages({ ...roomy, files: 0, ffree: 0 }), [], "one that counts no inodes");
});

test("one without space or inodes is told of, with what is left", () => {
  const message = (lacking: string) => `the file system of /run/x has only ${lacking} left`;
  assert.deepEqual(messages({ ...roomy, bavail: 1000 }), [message("4000 KiB of space")]);
  assert.deepEqual(messages({ ...roomy, ffree: 9 }), [message("9 of 1000 inodes")]);
  const both = message("0 KiB of space and 0 of 1000 inodes");
  assert.deepEqual(messages({ ...roomy, bavail: 0, ffree: 0 }), [both]);
});

test("a directory that is not there cannot be looked at", () => {
  assert.throws(() => inspectSpace("/nowhere/at/all"), { code: "ENOENT" });
});
