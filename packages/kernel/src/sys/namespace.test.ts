import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { isKernelError } from "./errors.ts";
import { NetNamespace, unbindNamespace } from "./namespace.ts";
import { readSysctl, writeSysctl } from "./sysctl.ts";

/** Names a namespace as the kernel does: `net:[4026531840]`. */
const presentNamespace = () => readlinkSync("/proc/thread-self/ns/net");

describe("network namespace", () => {
  const { directory } = checkLeaks();

  it("is new, and entered for one synchronous action", () => {
    const outside = presentNamespace();
    using namespace = NetNamespace.create();
    assert.equal(presentNamespace(), outside, "creating leaves the thread where it was");
    const inside = namespace.run(presentNamespace);
    assert.notEqual(inside, outside);
    assert.equal(inside, `net:[${namespace.identity.split(":")[1]}]`);
    assert.equal(presentNamespace(), outside);
  });

  it("nests: each level comes back to the one around it, by return and by exception", () => {
    using first = NetNamespace.create();
    using second = NetNamespace.create();
    const seen: string[] = [];
    first.run(() => {
      seen.push(presentNamespace());
      second.run(() => seen.push(presentNamespace()));
      seen.push(presentNamespace());
      assert.throws(
        () =>
          second.run(() => {
            throw new Error("thrown inside");
          }),
        /thrown inside/,
      );
      seen.push(presentNamespace());
      using made = NetNamespace.create();
      assert.notEqual(made.identity, first.identity);
      seen.push(presentNamespace());
    });
    const [a, b] = [first, second].map(({ identity }) => `net:[${identity.split(":")[1]}]`);
    assert.deepEqual(seen, [a, b, a, a, a]);
  });

  it("refuses an asynchronous action, and is left all the same", async () => {
    const outside = presentNamespace();
    using namespace = NetNamespace.create();
    let later: Promise<string> | undefined;
    assert.throws(
      () =>
        namespace.run(() => {
          later = Promise.resolve().then(presentNamespace);
          return later;
        }),
      /must be synchronous/,
    );
    assert.equal(presentNamespace(), outside);
    assert.equal(await later, outside, "this is why it is refused");
  });

  it("is where a process started by spawn() runs", async () => {
    using namespace = NetNamespace.create();
    const child = namespace.spawn("readlink", ["/proc/self/ns/net"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const chunks: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(child, "close");
    assert.equal(Buffer.concat(chunks).toString().trim(), namespace.run(presentNamespace));
  });

  it("is kept by a file until it is unbound", () => {
    const path = join(directory, "kept");
    let identity: string;
    {
      using namespace = NetNamespace.create();
      namespace.run(() => writeSysctl("net/ipv4/ip_forward", 1));
      namespace.bindAt(path);
      identity = namespace.identity;
      assert.throws(() => namespace.bindAt(path), /EEXIST/, "a file that is there is not taken");
    }
    {
      using again = NetNamespace.open(path);
      assert.equal(again.identity, identity);
      assert.equal(
        again.run(() => readSysctl("net/ipv4/ip_forward")),
        "1",
      );
    }
    const inside = spawnSync("nsenter", [`--net=${path}`, "readlink", "/proc/self/ns/net"], {
      encoding: "utf8",
    });
    assert.equal(inside.stdout.trim(), `net:[${identity.split(":")[1]}]`);
    unbindNamespace(path);
    assert.equal(existsSync(path), false);
  });

  it("leaves no file where it cannot be bound", () => {
    using namespace = NetNamespace.create();
    const path = join(directory, "missing", "kept");
    assert.throws(() => namespace.bindAt(path), /ENOENT/);
  });

  it("is the same by another descriptor, which lives on its own", () => {
    const original = NetNamespace.create();
    using copy = original.duplicate();
    assert.equal(copy.identity, original.identity);
    original[Symbol.dispose]();
    copy.run(presentNamespace);
    assert.throws(() => original.run(presentNamespace), /closed or released/);
    original[Symbol.dispose]();
  });

  it("is not what any file shows", () => {
    const path = join(directory, "plain");
    writeFileSync(path, "");
    using plain = NetNamespace.open(path);
    assert.throws(
      () => plain.run(() => assert.fail("entered")),
      (error) => isKernelError(error, "EINVAL") && error.operation === "setns",
    );
    assert.throws(() => NetNamespace.open(join(directory, "nothing")), {
      name: "KernelError",
      code: "ENOENT",
    });
  });

  it("is not what a FIFO shows, and nobody has to write for that to be seen", () => {
    const path = join(directory, "fifo");
    execFileSync("mkfifo", [path]);
    using fifo = NetNamespace.open(path);
    assert.throws(
      () => fifo.run(() => assert.fail("entered")),
      (error) => isKernelError(error, "EINVAL") && error.operation === "setns",
    );
  });

  it("belongs to a thread: a worker has its own, and closes what it opened", async () => {
    const source = `
      const { NetNamespace } = await import(${JSON.stringify(import.meta.resolve("./namespace.ts"))});
      const { parentPort } = await import("node:worker_threads");
      using namespace = NetNamespace.create();
      parentPort.postMessage(namespace.run(() => "inside"));`;
    const outside = presentNamespace();
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
    // The two may come in one turn of the event loop.
    const [[answer]] = await Promise.all([once(worker, "message"), once(worker, "exit")]);
    assert.equal(answer, "inside");
    assert.equal(presentNamespace(), outside);
  });
});

describe("sysctl", () => {
  checkLeaks();

  it("is read and written in the namespace that the thread is in", () => {
    const outside = readSysctl("net/ipv4/ip_default_ttl");
    using namespace = NetNamespace.create();
    namespace.run(() => writeSysctl("net/ipv4/ip_default_ttl", 77));
    assert.equal(
      namespace.run(() => readSysctl("net/ipv4/ip_default_ttl")),
      "77",
    );
    assert.equal(readSysctl("net/ipv4/ip_default_ttl"), outside);
    assert.equal(readFileSync("/proc/sys/net/ipv4/ip_default_ttl", "utf8").trim(), outside);
  });

  it("says which key, and why not", () => {
    assert.throws(() => readSysctl("net/ipv4/conf/nonesuch/forwarding"), {
      code: "ENOENT",
      message: "sysctl read net/ipv4/conf/nonesuch/forwarding failed with ENOENT: no such file or directory",
    });
    using namespace = NetNamespace.create();
    assert.throws(() => namespace.run(() => writeSysctl("net/ipv4/ip_default_ttl", "much")), {
      code: "EINVAL",
      message: /^sysctl write much to net\/ipv4\/ip_default_ttl failed with EINVAL/,
    });
  });
});
