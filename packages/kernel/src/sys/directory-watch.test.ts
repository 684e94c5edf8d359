import assert from "node:assert/strict";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { eventually } from "../../../../test/support/eventually.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { DirectoryWatch } from "./directory-watch.ts";

describe("directory watch", () => {
  const scratch = checkLeaks();

  it("tells of names that go, by deletion or by renaming, and of nothing else", async () => {
    const directory = join(scratch.directory, "watched");
    mkdirSync(directory);
    const gone: (string | undefined)[] = [];
    using _watch = new DirectoryWatch(directory, (name) => gone.push(name));
    for (const name of ["first", "second"]) writeFileSync(join(directory, name), "text");
    rmSync(join(directory, "first"));
    renameSync(join(directory, "second"), join(directory, "third"));
    await eventually(() => assert.deepEqual(gone, ["first", "second"]));
  });

  it("refuses what is no directory", () => {
    assert.throws(() => new DirectoryWatch(join(scratch.directory, "nowhere"), () => undefined), {
      code: "ENOENT",
    });
  });
});
