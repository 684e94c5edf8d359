import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readdirSync, readlinkSync } from "node:fs";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { KernelError } from "../sys/errors.ts";
import { NetNamespace } from "../sys/namespace.ts";
import { NftContext } from "./context.ts";
import { NftError } from "./errors.ts";

function isSocket(fd: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
  } catch {
    return false;
  }
}

/** A context in a namespace of its own. */
class Scratch implements Disposable {
  readonly namespace = NetNamespace.create();
  readonly nft = new NftContext(this.namespace);

  [Symbol.dispose](): void {
    this.nft[Symbol.dispose]();
    this.namespace[Symbol.dispose]();
  }
}

const names = (nft: NftContext) => nft.list("tables").map(({ table }) => `${table?.family} ${table?.name}`);

describe("NftContext", () => {
  checkLeaks();

  it("works in the namespace in which it was opened, several side by side", () => {
    using one = new Scratch();
    using two = new Scratch();
    one.nft.run("add table inet one");
    two.nft.run("add table ip two\nadd table bridge two");
    one.nft.run("add table inet three");
    assert.deepEqual(names(one.nft), ["inet one", "inet three"]);
    assert.deepEqual(names(two.nft), ["ip two", "bridge two"]);
  });

  it("is nothing that a process which is started gets", () => {
    const inherited = () => {
      const listed = spawnSync("sh", ["-c", "ls -l /proc/self/fd >&2"], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      return listed.stderr.toString().match(/socket:/g)?.length ?? 0;
    };
    const before = inherited();
    using scratch = new Scratch();
    scratch.nft.run("add table inet t");
    assert.equal(inherited(), before);
  });

  it("opens in the calling thread's namespace by default", () => {
    using there = new Scratch();
    there.nft.run("add table inet here");
    using second = there.namespace.run(() => new NftContext());
    assert.deepEqual(names(second), ["inet here"]);
  });

  it("carries out all of a transaction or nothing", () => {
    using scratch = new Scratch();
    const { nft } = scratch;
    nft.run("add table inet t\nadd set inet t s { type ipv4_addr; }");
    assert.throws(() =>
      nft.run("add table inet u\nadd element inet t s { 192.0.2.1 }\nadd element inet t other { 1 }"),
    );
    assert.throws(() =>
      nft.run("add table inet u\nadd chain inet t c { type nat hook forward priority 0; }"),
    );
    assert.deepEqual(names(nft), ["inet t"]);
    assert.equal(nft.list("set inet t s")[0]?.set?.elem, undefined);
  });

  it("tells the kernel's words, their code and the failing command of several", () => {
    using scratch = new Scratch();
    const { nft } = scratch;
    nft.run("add table inet t\nadd set inet t s { type ipv4_addr; }");
    const refused = (commands: string, expected: Partial<NftError>) =>
      assert.throws(
        () => nft.run(commands),
        (error) => {
          assert.ok(error instanceof NftError);
          for (const [name, value] of Object.entries(expected))
            assert.equal(error[name as keyof NftError], value);
          assert.match(error.message, /^nftables: /);
          return true;
        },
      );
    refused("add table inet u\n\n  delete element inet t s { 192.0.2.1 }", {
      reason: "Could not process rule: No such file or directory",
      code: "ENOENT",
      command: "delete element inet t s { 192.0.2.1 }",
    });
    refused("add table inet u\ncreate table inet t", { code: "EEXIST", command: "create table inet t" });
    refused("add table inet u\nadd element inet t nowhere { 1 }", {
      code: "ENOENT",
      command: "add element inet t nowhere { 1 }",
    });
    refused("add table inet u\nadd tabel inet v", { code: undefined, command: "add tabel inet v" });
    // And the next one is none the worse for it.
    nft.run("add element inet t s { 192.0.2.1 }");
    assert.deepEqual(names(nft), ["inet t"]);
  });

  it("keeps a long command out of the message, not out of the error", () => {
    using scratch = new Scratch();
    const command = `add element inet t s { ${Array.from({ length: 200 }, (_, at) => `10.0.0.${at}`).join(", ")} }`;
    assert.throws(
      () => scratch.nft.run(command),
      (error) => error instanceof NftError && error.command === command && error.message.length < 300,
    );
  });

  it("prints listings as nft does, as JSON objects, and without elements", () => {
    using scratch = new Scratch();
    const { nft } = scratch;
    nft.run("add table inet t\nadd set inet t s { type inet_service; }\nadd element inet t s { 80, 443 }");
    assert.match(nft.run("list set inet t s"), /elements = \{ 80, 443 \}/);
    assert.deepEqual(nft.list("set inet t s")[0]?.set?.elem, [80, 443]);
    assert.doesNotMatch(nft.run("list table inet t", { terse: true }), /elements/);
    assert.equal(nft.list("table inet t", { terse: true })[1]?.set?.elem, undefined);
    assert.throws(() => nft.list("table inet nowhere"), { code: "ENOENT" });
  });

  it("is closed once, and says so afterwards", () => {
    using scratch = new Scratch();
    const nft = new NftContext(scratch.namespace);
    nft[Symbol.dispose]();
    nft[Symbol.dispose]();
    assert.throws(() => nft.run("list tables"), /was closed/);
  });

  it("can be closed aside: at once it does nothing more, and its socket is gone when that has returned", async () => {
    using scratch = new Scratch();
    const sockets = () => readdirSync("/proc/self/fd").filter(isSocket).length;
    const before = sockets();
    const nft = new NftContext(scratch.namespace);
    nft.run("add table inet t\nadd chain inet t c\ndelete table inet t");
    const closed = nft.closeAside();
    assert.throws(() => nft.run("list tables"), /was closed/);
    await closed;
    assert.equal(sockets(), before);
    await nft.closeAside();
    nft[Symbol.dispose]();
  });

  it("opens where a thousand files are open, and in the end refuses, instead of ending the process", () => {
    using namespace = NetNamespace.create();
    const files: number[] = [];
    using contexts = new DisposableStack();
    try {
      while ((files.at(-1) ?? 0) < 1024) files.push(openSync("/dev/null", "r"));
      const open = () => contexts.use(new NftContext(namespace)).run("list tables");
      for (let number = 0; number < 4; number++) open();
      assert.throws(
        open,
        (error) => error instanceof KernelError && error.code === "EMFILE" && /1024/.test(error.message),
      );
      for (const fd of files.splice(0, 1)) closeSync(fd);
      open();
    } finally {
      for (const fd of files) closeSync(fd);
    }
  });
});
