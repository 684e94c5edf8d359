import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fstatSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { errnoName, isKernelError, KernelError } from "./errors.ts";
import { OwnedFd } from "./fd.ts";
import { tryLockFile, tryLockName } from "./lock.ts";
import { bindMount, unmount } from "./mount.ts";

describe("OwnedFd", () => {
  const { directory } = checkLeaks();

  it("closes its descriptor once, at the end of its scope", () => {
    let number: number;
    {
      using file = OwnedFd.open("/dev/zero");
      number = file.fd;
      fstatSync(number);
      file[Symbol.dispose]();
      assert.throws(() => file.fd, /closed or released/);
      // Somebody else may get the number now: the end of the scope must leave it alone.
      using other = OwnedFd.open("/dev/full");
      assert.equal(other.fd, number);
      file[Symbol.dispose]();
      fstatSync(number);
    }
    assert.throws(() => fstatSync(number), { code: "EBADF" });
  });

  it("refuses a path with a NUL, which would mean another file", () => {
    assert.throws(() => OwnedFd.open("/proc/self/ns/net\0x"), {
      code: "EINVAL",
      message: /open "\/proc\/self\/ns\/net\\u0000x" failed with EINVAL: the path has a NUL in it/,
    });
  });

  it("gives its descriptor away", () => {
    const file = OwnedFd.open("/dev/zero");
    const number = file.release();
    file[Symbol.dispose]();
    using owner = new OwnedFd(number);
    fstatSync(owner.fd);
    assert.throws(() => file.release(), /closed or released/);
  });

  it("does not reach a child process", () => {
    using file = OwnedFd.open("/dev/zero");
    const listing = execFileSync("ls", ["-l", "/proc/self/fd"], { encoding: "utf8" });
    assert.ok(file.fd > 2);
    assert.doesNotMatch(listing, /\/dev\/zero/);
  });

  it("makes a file with its mode, or opens it as it is", () => {
    const path = join(directory, "made");
    OwnedFd.create(path, 0o600)[Symbol.dispose]();
    assert.equal(statSync(path).mode & 0o777, 0o600);
    writeFileSync(path, "kept");
    OwnedFd.create(path, 0o644)[Symbol.dispose]();
    assert.equal(readFileSync(path, "utf8"), "kept");
  });

  it("says what could not be opened", () => {
    assert.throws(() => OwnedFd.open("/nonesuch"), {
      message: "open /nonesuch failed with ENOENT",
      errno: 2,
    });
  });
});

describe("tryLockFile", () => {
  const { directory } = checkLeaks();

  it("locks a file for one holder, until it is let go", () => {
    const path = join(directory, "lock");
    {
      using held = tryLockFile(path);
      assert.ok(held !== undefined);
      assert.equal(tryLockFile(path), undefined);
      assert.throws(() => execFileSync("flock", ["--nonblock", path, "true"]), "other processes respect it");
    }
    using again = tryLockFile(path);
    assert.ok(again !== undefined);
  });

  it("locks a name for one holder, without a file", () => {
    {
      using held = tryLockName("causeway test");
      assert.ok(held !== undefined);
      assert.equal(tryLockName("causeway test"), undefined);
      using other = tryLockName("causeway test 2");
      assert.ok(other !== undefined);
    }
    using again = tryLockName("causeway test");
    assert.ok(again !== undefined);
  });

  it("throws where there is no place for the file", () => {
    assert.throws(() => tryLockFile(join(directory, "missing", "lock")), { code: "ENOENT" });
  });
});

describe("mounts", () => {
  const { directory } = checkLeaks();

  it("show a file at another place until they are taken away", () => {
    const [source, target] = [join(directory, "source"), join(directory, "target")];
    writeFileSync(source, "shown");
    writeFileSync(target, "hidden");
    bindMount(source, target);
    assert.equal(readFileSync(target, "utf8"), "shown");
    unmount(target);
    assert.equal(readFileSync(target, "utf8"), "hidden");
    assert.throws(() => unmount(target), { code: "EINVAL", message: `umount ${target} failed with EINVAL` });
    assert.throws(() => bindMount(join(directory, "nothing"), target), { code: "ENOENT" });
  });
});

describe("KernelError", () => {
  it("names the errno, also those that Node.js does not know", () => {
    assert.deepEqual([1, 11, 95, 524, 9999].map(errnoName), [
      "EPERM",
      "EAGAIN",
      "EOPNOTSUPP",
      "ENOTSUPP",
      "E9999",
    ]);
  });

  it("is known by its code", () => {
    const error = new KernelError({ operation: "setns", errno: 1 });
    assert.ok(isKernelError(error));
    assert.ok(isKernelError(error, "ENOENT", "EPERM"));
    assert.ok(!isKernelError(error, "ENOENT"));
    assert.ok(!isKernelError(new Error("EPERM"), "EPERM"));
  });

  it("is the same on the other side of a thread", () => {
    const error = new KernelError({ operation: "open", subject: "/x", errno: 2, kernelMessage: "words" });
    const copy = new KernelError(structuredClone(error.toOptions()));
    assert.deepEqual([copy.message, copy.code, copy.subject], [error.message, "ENOENT", "/x"]);
    assert.equal(error.message, "open /x failed with ENOENT: words");
  });
});
