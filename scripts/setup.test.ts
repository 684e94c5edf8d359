// The set-up script where nothing is missing, and what it says where something is: on made-up machines, each a PATH of its own.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";

/** What the script itself uses. */
const SHELL_TOOLS = ["cat", "cmp", "cp", "dirname", "flock", "grep", "sed", "sh", "tail"];
const NODE_24 = `echo v24.1.0`;

interface Machine {
  /** Runs the set-up there. */
  setup(...args: string[]): { status: number | null; stderr: string };
  /** What its npm and apt-get were called with, one line each. */
  calls(): string[];
}

/** A machine whose programs are the given shell scripts, with a copy of the repository's set-up. */
function machine(t: TestContext, programs: Readonly<Record<string, string>>): Machine {
  const root = mkdtempSync(join(tmpdir(), "causeway-setup-"));
  t.after(() => rmSync(root, { recursive: true }));
  const bin = join(root, "bin");
  mkdirSync(join(root, "repository/scripts"), { recursive: true });
  mkdirSync(bin);
  const script = readFileSync(join(import.meta.dirname, "setup"), "utf8");
  // Nothing of the real machine: neither its administrators' programs nor its libraries.
  const isolated = script
    .replace(/^PATH=.*$/m, "")
    .replaceAll("/usr/lib/*/", `${root}/lib/`)
    .replaceAll("/usr/include/", `${root}/include/`);
  writeFileSync(join(root, "repository/scripts/setup"), isolated);
  writeFileSync(join(root, "repository/package-lock.json"), "{}");
  for (const tool of SHELL_TOOLS) symlinkSync(`/usr/bin/${tool}`, join(bin, tool));
  const log = join(root, "calls");
  writeFileSync(log, "");
  const install = (name: string, body: string) =>
    writeFileSync(join(bin, name), `#!/bin/sh\nLOG=${log} ROOT=${root} BIN=${bin}\n${body}\n`, {
      mode: 0o755,
    });
  const all = {
    uname: `[ "$1" = -m ] && echo x86_64 || echo Linux`,
    id: "echo 0",
    node: NODE_24,
    ...programs,
  };
  for (const [name, body] of Object.entries(all)) install(name, body);
  return {
    setup: (...args) => {
      const { status, stderr } = spawnSync("/bin/dash", [join(root, "repository/scripts/setup"), ...args], {
        encoding: "utf8",
        env: { PATH: bin },
      });
      return { status, stderr };
    },
    calls: () => readFileSync(log, "utf8").split("\n").filter(Boolean),
  };
}

/** An npm and an apt-get that do their work and write down what they were asked for. */
const NPM = `echo "npm $1" >>$LOG; /bin/mkdir -p node_modules`;
const APT = `
  case "$*" in
    *update*) echo update >>$LOG ;;
    *install*)
      for package; do
        case $package in
          iproute2) program=ip ;;
          nftables) program=nft ;;
          iputils-ping) program=ping ;;
          util-linux) program=unshare ;;
          procps) program=ps ;;
          libnftables1) /bin/mkdir -p $ROOT/lib; : >$ROOT/lib/libnftables.so.1; program= ;;
          *) continue ;;
        esac
        echo "install $package" >>$LOG
        [ -z "$program" ] || cp /bin/true $BIN/$program
      done ;;
  esac`;

test("a fresh machine gets npm packages and what the product needs, and the next run does nothing", (t) => {
  const fresh = machine(t, { npm: NPM, "apt-get": APT });
  assert.equal(fresh.setup().status, 0);
  assert.deepEqual(fresh.calls(), ["npm install", "update", "install libnftables1", "install iproute2"]);
  assert.deepEqual(fresh.setup(), { status: 0, stderr: "" });
  assert.equal(fresh.calls().length, 4);
  assert.equal(fresh.setup("test").status, 0);
  assert.deepEqual(fresh.calls().slice(4), [
    "update",
    "install nftables",
    "install iputils-ping",
    "install util-linux",
    "install procps",
  ]);
});

test("a changed lock file has npm look again", (t) => {
  const changed = machine(t, { npm: `${NPM}; echo "{ }" >package-lock.json`, "apt-get": APT });
  assert.equal(changed.setup("npm").status, 0);
  assert.equal(changed.setup("npm").status, 0);
  assert.deepEqual(changed.calls(), ["npm install"]);
});

const OBSTACLES: readonly (readonly [what: string, programs: Record<string, string>, says: RegExp])[] = [
  ["not Linux", { uname: "echo Darwin" }, /runs on Linux only, this is Darwin/],
  ["no npm", {}, /npm is missing: install Node\.js with npm/],
  [
    "npm fails",
    { npm: "echo no route to host >&2; exit 1" },
    /no route to host\n.*npm install failed .*registry/,
  ],
  [
    "an old Node that npm could not replace",
    { npm: NPM, node: "echo v20.20.2" },
    /needs Node\.js >= 24, found v20\.20\.2/,
  ],
  ["no Node that runs", { npm: NPM, node: "exit 127" }, /needs Node\.js >= 24, found none that runs/],
  ["no apt-get", { npm: NPM }, /missing: libnftables1 iproute2 .*this system's package manager/],
  [
    "not root",
    { npm: NPM, "apt-get": APT, id: "echo 1000" },
    /missing: libnftables1 iproute2.*sudo apt-get install -y .*libnftables1 iproute2/,
  ],
  [
    "no mirror",
    { npm: NPM, "apt-get": "echo E: Temporary failure resolving; exit 100" },
    /Temporary failure resolving\n.*could not install libnftables1 iproute2.*mirror/s,
  ],
  ["apt-get that brings something else", { npm: NPM, "apt-get": "exit 0" }, /not where it was expected/],
];

for (const [what, programs, says] of OBSTACLES) {
  test(`${what}: fails and says what is missing and the mend`, (t) => {
    const { status, stderr } = machine(t, programs).setup();
    assert.equal(status, 1);
    assert.match(stderr, says);
  });
}

test("an unknown part is refused", (t) => {
  const { status, stderr } = machine(t, {}).setup("tset");
  assert.equal(status, 1);
  assert.match(stderr, /unknown part 'tset'/);
});

test("where nothing is missing nobody notices", () => {
  const { status, stderr } = spawnSync("sh", [join(import.meta.dirname, "setup"), "test"], {
    encoding: "utf8",
  });
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
});
