import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { NftContext } from "../nftables/context.ts";
import { NftError } from "../nftables/errors.ts";
import * as link from "../rtnl/link.ts";
import { Rtnl } from "../rtnl/rtnl.ts";
import { KernelError } from "./errors.ts";
import { OwnedFd } from "./fd.ts";
import { files } from "./files.ts";
import { NetNamespace } from "./namespace.ts";
import { type Crossing, type Fault, setGuard } from "./seam.ts";

/** Lets the first call of an operation fail; answers all that crossed. */
function failing(operation: string, fault: Fault): readonly Crossing[] {
  const crossed: Crossing[] = [];
  let left = 1;
  setGuard({
    before(crossing) {
      crossed.push(crossing);
      return crossing.operation === operation && left-- > 0 ? fault : undefined;
    },
    after: () => undefined,
  });
  return crossed;
}

describe("the seam", () => {
  const { directory } = checkLeaks();
  afterEach(() => setGuard(undefined));

  it("lets a system call fail with its errno, and tells of every call", () => {
    const crossed = failing("open", { code: "EMFILE" });
    assert.throws(
      () => OwnedFd.open("/dev/zero"),
      new KernelError({ operation: "open", subject: "/dev/zero", errno: 24 }),
    );
    OwnedFd.open("/dev/zero")[Symbol.dispose]();
    assert.deepEqual(
      crossed.map(({ kind, operation, subject }) => `${kind} ${operation} ${subject}`.trim()),
      ["syscall open /dev/zero", "syscall open /dev/zero", "syscall close"],
    );
  });

  it("tells of a call before and after it is made, and of a failing one before alone", () => {
    const told: string[] = [];
    setGuard({
      before({ operation, subject }) {
        told.push(`before ${operation}`);
        return subject.startsWith("/dev/full") ? { code: "EIO" } : undefined;
      },
      after: ({ operation }) => told.push(`after ${operation}`),
    });
    assert.throws(() => OwnedFd.open("/nowhere"), { code: "ENOENT" });
    assert.throws(() => OwnedFd.open("/dev/full"), { code: "EIO" });
    assert.deepEqual(told, ["before open", "after open", "before open"]);
  });

  it("lets a file operation fail as Node.js tells it, with nothing done", () => {
    const path = join(directory, "file");
    failing("writeFileSync", { code: "ENOSPC" });
    assert.throws(() => files.writeFileSync(path, "text"), {
      code: "ENOSPC",
      errno: -28,
      path: `${path} text`,
    });
    assert.ok(!existsSync(path));
  });

  it("lets one request of several fail that are sent together", () => {
    using namespace = NetNamespace.create();
    using rtnl = new Rtnl(namespace);
    failing("RTM_NEWLINK", { code: "EBUSY" });
    const bridge = (name: string) => link.create({ name, info: { kind: "bridge" } });
    const outcomes = rtnl.attempt([bridge("a"), bridge("b"), bridge("b")]);
    assert.deepEqual(
      outcomes.map((outcome) => outcome?.code),
      ["EBUSY", undefined, "EEXIST"],
      "the kernel's own refusal is told, too",
    );
    setGuard(undefined);
    assert.equal(rtnl.findLink({ name: "a" }), undefined);
    assert.notEqual(rtnl.findLink({ name: "b" }), undefined);
  });

  it("loses the answer of a request that was carried out", () => {
    using namespace = NetNamespace.create();
    using rtnl = new Rtnl(namespace);
    failing("RTM_NEWLINK", { code: "EEXIST", made: true });
    assert.throws(() => rtnl.execute(link.create({ name: "a", info: { kind: "bridge" } })), {
      code: "EEXIST",
    });
    setGuard(undefined);
    assert.notEqual(rtnl.findLink({ name: "a" }), undefined);
  });

  it("tears an answer, and the socket is of use afterwards", () => {
    using namespace = NetNamespace.create();
    using rtnl = new Rtnl(namespace);
    failing("recv", { code: "EIO", torn: true });
    assert.throws(() => rtnl.dump(link.list()));
    setGuard(undefined);
    assert.deepEqual(
      rtnl.dump(link.list()).map(({ name }) => name),
      ["lo"],
    );
  });

  it("lets a call that a signal interrupted be made again", () => {
    failing("open", { code: "EINTR" });
    OwnedFd.open("/dev/zero")[Symbol.dispose]();
  });

  it("lets an nftables transaction fail, with nothing of it done", () => {
    using namespace = NetNamespace.create();
    using context = new NftContext(namespace);
    failing("transaction", { code: "ENOMEM" });
    assert.throws(
      () => context.run("add table inet a"),
      (error) => error instanceof NftError && error.code === "ENOMEM",
    );
    assert.deepEqual(context.list("tables"), []);
  });
});
