// What a container sees of control groups where the host has one hierarchy of them, as hosts have today: its own.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { needsPeer } from "../support/peers.ts";
import { makeRootDirectory } from "../support/root-directory.ts";

/** In a mount namespace whose only control groups are the unified ones: writes config.json, then has runc run it. */
const unified = `
umount --lazy /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
"$1" --input-type=module --eval "$2" "$3"
exec runc --root "$3/state" run --bundle "$3" "$4"
`;

const configModule = join(import.meta.dirname, "../../packages/daemon/src/containers/oci/config.ts");

const write = `
import { writeFileSync } from "node:fs";
import { rootfsConfig } from ${JSON.stringify(configModule)};
const directory = process.argv[1];
const files = Object.fromEntries(["hosts", "hostname", "resolvConf"].map((name) => [name, directory + "/file"]));
const wish = { command: ["sh", "-c", "cat /proc/self/cgroup; ls /sys/fs/cgroup"], environment: [], terminal: false, readOnly: false, sysctls: {} };
const place = { netnsPath: "/proc/self/ns/net", usesHostNetwork: true, files };
writeFileSync(directory + "/config.json", JSON.stringify(rootfsConfig(directory + "/root", wish, place)));
`;

test("of the host's control groups a container sees its own alone", {
  skip: needsPeer("runc", "busybox"),
}, (t) => {
  const directory = mkdtempSync(join(tmpdir(), "causeway-cgroups-"));
  t.after(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, "root"));
  makeRootDirectory(join(directory, "root"));
  writeFileSync(join(directory, "file"), "");
  const id = `causeway-cgroup-${process.pid}`;
  const words = ["sh", "-ec", unified, "sh", process.execPath, write, directory, id];
  const seen = execFileSync("unshare", ["--mount", "--propagation", "private", ...words], {
    encoding: "utf8",
  });
  const lines = seen.split("\n");
  assert.ok(lines.includes("0::/"), seen);
  assert.ok(lines.includes("cgroup.procs"), seen);
  // The root of all has no such file, and the container's own group is not below what it sees.
  assert.ok(lines.includes("cgroup.type"), seen);
  assert.ok(!lines.includes(id), seen);
});
