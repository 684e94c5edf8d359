import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isKernelError } from "./errors.ts";
import { peerCredentials } from "./peer.ts";

test("the other end of a unix socket is known by process, user and group", async () => {
  const path = join(tmpdir(), `peer-${process.pid}.sock`);
  const server = createServer().listen(path);
  await once(server, "listening");
  const client = connect(path);
  const [accepted] = (await once(server, "connection")) as [Socket & { _handle: { fd: number } }];
  const { pid, uid, gid } = peerCredentials(accepted._handle.fd);
  assert.deepEqual([pid, uid, gid], [process.pid, process.geteuid?.(), process.getegid?.()]);
  client.destroy();
  accepted.destroy();
  server.close();
  await once(server, "close");
});

test("what is no socket is refused", () => {
  assert.throws(
    () => peerCredentials(-1),
    (error) => isKernelError(error, "EBADF"),
  );
});
