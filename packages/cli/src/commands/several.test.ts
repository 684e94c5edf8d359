import assert from "node:assert/strict";
import { test } from "node:test";
import { CliError } from "../errors.ts";
import { makeOutput } from "../output/output.ts";
import { forEach } from "./several.ts";

async function done(statuses: readonly number[]) {
  const tried: string[] = [];
  let said = "";
  const write = (text: string) => {
    said += text;
    return true;
  };
  const output = makeOutput({ isTTY: false, write: () => true }, () => ({ write }), {});
  const ending = forEach(
    statuses.map((_, at) => `${at}`),
    output,
    async (reference) => {
      tried.push(reference);
      const status = statuses[Number(reference)] ?? 0;
      if (status !== 0) throw new CliError(status, `no ${reference}`);
    },
  );
  return { status: await ending.catch(({ exitCode }) => `ended by ${exitCode}`), tried, said };
}

test("what is refused or not there keeps nothing else, and the first of them is the status", async () => {
  assert.deepEqual(await done([0, 3, 0, 1]), {
    status: 3,
    tried: ["0", "1", "2", "3"],
    said: "causeway: no 1\ncauseway: no 3\n",
  });
  assert.equal((await done([1, 3])).status, 1);
  assert.equal((await done([0, 0])).status, 0);
});

test("where no daemon answers, or the command is wrong, nothing more is tried", async () => {
  assert.deepEqual(await done([0, 69, 0]), { status: "ended by 69", tried: ["0", "1"], said: "" });
  assert.equal((await done([2, 0])).status, "ended by 2");
});
