import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

test("the limit of descriptors is the one that the process was started with", () => {
  const file = new URL("./descriptor-limit.ts", import.meta.url).href;
  const program = `import { descriptorLimit } from "${file}"; console.log(descriptorLimit())`;
  const shell = 'ulimit -n "$1"; exec "$2" --input-type=module -e "$3"';
  for (const limit of ["777", "2000"]) {
    const told = execFileSync("sh", ["-ec", shell, "sh", limit, process.execPath, program], {
      encoding: "utf8",
    });
    assert.equal(told.trim(), limit);
  }
});
