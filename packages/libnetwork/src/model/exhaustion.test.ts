import assert from "node:assert/strict";
import { openSync } from "node:fs";
import { constants } from "node:os";
import { test } from "node:test";
import { KernelError, NftError } from "@causeway/kernel";
import { CausewayError, conflict, unavailable } from "../errors.ts";
import { exhaustion } from "./exhaustion.ts";

const refused = (operation: string, errno: keyof typeof constants.errno | "EXFULL") =>
  new KernelError({ operation, errno: errno === "EXFULL" ? 54 : constants.errno[errno] });

const nft = (words: string) =>
  new NftError({ reason: `Could not process rule: ${words}`, command: undefined });

const table: readonly (readonly [what: string, refusal: Error, code: string, message: RegExp])[] = [
  [
    "a socket without descriptor",
    refused("socket", "EMFILE"),
    "file_descriptors_exhausted",
    /may have \d+\)/,
  ],
  ["a full table of files", refused("open", "ENFILE"), "file_descriptors_exhausted", /raise the limit/],
  [
    "a namespace too many",
    refused("unshare", "ENOSPC"),
    "namespaces_exhausted",
    /max_net_namespaces is \d+\)/,
  ],
  ["a mount too many", refused("mount --bind", "ENOSPC"), "mounts_exhausted", /fs.mount-max is \d+\)/],
  ["a port too many", refused("RTM_NEWLINK", "EXFULL"), "bridge_full", /1,023 ports.*another network/],
  ["a link without memory", refused("RTM_NEWLINK", "ENOMEM"), "out_of_memory", /memory cgroup/],
  ["a batch without buffer", refused("send", "ENOBUFS"), "out_of_memory", /try again/],
  ["a rule without memory", nft("Cannot allocate memory"), "out_of_memory", /try again/],
  ["a set that is full", nft("Too many open files in system"), "firewall_set_full", /no more elements/],
  ["elements of one", refused("NFT_MSG_NEWSETELEM", "ENFILE"), "firewall_set_full", /no more elements/],
];

for (const [what, refusal, code, message] of table) {
  test(`${what} is ${code}, wherever in a chain of causes it stands`, () => {
    const wrapped = unavailable("sandbox_files_failed", "cannot write", refusal);
    const undone = new AggregateError([wrapped, new Error("undoing")], "and more");
    for (const error of [refusal, wrapped, undone]) {
      const told = exhaustion(error);
      assert.ok(told instanceof CausewayError);
      assert.deepEqual([told.kind, told.code, told.cause], ["unavailable", code, error]);
      assert.match(told.message, message);
      assert.ok(told.message.includes(refusal.message), "the kernel's words");
      assert.equal(exhaustion(told), told, "once is enough");
    }
  });
}

test("what is no end of a resource stays as it is", () => {
  const full = new Error("disk", { cause: refused("write", "ENOSPC") });
  const taken = conflict("port_in_use", "taken");
  const missing = (() => {
    try {
      return openSync("/nothing/there", "r");
    } catch (error) {
      return error;
    }
  })();
  for (const error of [full, taken, missing, refused("RTM_NEWLINK", "EEXIST"), "text", undefined]) {
    assert.equal(exhaustion(error), error);
  }
});
