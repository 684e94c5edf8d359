import assert from "node:assert/strict";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
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

  it("tells of names that come by a rename, and of files that are written to, where that is asked for", async () => {
    const directory = join(scratch.directory, "awaited");
    mkdirSync(directory);
    const come: (string | undefined)[] = [];
    const written = new Set<string | undefined>();
    using _arrivals = new DirectoryWatch(directory, (name) => come.push(name), "come");
    using _writes = new DirectoryWatch(directory, (name) => written.add(name), "written");
    writeFileSync(join(directory, "draft"), "text");
    renameSync(join(directory, "draft"), join(directory, "whole"));
    rmSync(join(directory, "whole"));
    await eventually(() => assert.deepEqual([come, [...written]], [["whole"], ["draft"]]));
  });

  it("refuses what is no directory", () => {
    assert.throws(() => new DirectoryWatch(join(scratch.directory, "nowhere"), () => undefined), {
      code: "ENOENT",
    });
  });

  it("says so where more names go than the kernel remembers", async () => {
    const watched = join(scratch.directory, "many");
    mkdirSync(watched);
    const most = Number(readFileSync("/proc/sys/fs/inotify/max_queued_events", "utf8"));
    let told = 0;
    let overflowed = false;
    using _watch = new DirectoryWatch(watched, (name) => {
      told++;
      overflowed ||= name === undefined;
    });
    // In one turn of the event loop: nobody reads meanwhile. One name again and again would be one event.
    for (let count = 0; count <= most; count++) {
      const path = join(watched, String(count % 2));
      writeFileSync(path, "");
      rmSync(path);
    }
    await eventually(() => assert.ok(overflowed, `${told} names, and no word of the others`));
  });
});
