import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { isKernelError } from "./errors.ts";
import { notifyServiceManager } from "./notify.ts";
import { AF_UNIX, bindSocket, openSocket, receiveBytes, SOCK_DGRAM } from "./socket.ts";

describe("notifyServiceManager", () => {
  const { directory } = checkLeaks();

  /** What arrives at a socket of this name while something is done. */
  function received(name: string, action: () => void): string {
    const address = Buffer.from(`__${name}${name.startsWith("@") ? "" : "\0"}`);
    address.writeUInt16LE(AF_UNIX);
    if (name.startsWith("@")) address.writeUInt8(0, 2);
    using socket = openSocket(AF_UNIX, SOCK_DGRAM, 0, { nonBlocking: true });
    bindSocket(socket, address, name);
    action();
    const data = Buffer.alloc(256);
    return data.toString("utf8", 0, receiveBytes(socket, data, 0, name));
  }

  it("sends to a path, and to an abstract name", () => {
    for (const name of [join(directory, "notify"), `@causeway-test-${process.pid}`]) {
      assert.equal(
        received(name, () => notifyServiceManager(name, "READY=1\nSTATUS=é")),
        "READY=1\nSTATUS=é",
      );
    }
  });

  it("throws where nobody listens, and for what is no name", () => {
    assert.throws(
      () => notifyServiceManager(join(directory, "nobody"), "READY=1"),
      (error) => isKernelError(error, "ENOENT"),
    );
    for (const name of ["relative", "", `/${"x".repeat(107)}`, "/a\0b"])
      assert.throws(() => notifyServiceManager(name, "READY=1"), TypeError);
  });
});
