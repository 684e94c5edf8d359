import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SandboxFileContent, SandboxFilePaths } from "../../contracts/sandbox-files.ts";
import { FileSandboxFiles } from "./file-sandbox-files.ts";

const sandboxId = "0123456789abcdef".repeat(4);
const content: SandboxFileContent = {
  sandboxId,
  hostname: "web",
  domainname: "example.com",
  extraHosts: [],
  links: [],
  hasResolver: false,
  dns: [],
  dnsSearch: [],
  dnsOptions: [],
  addresses: ["172.30.0.2"],
};

/** Files under a directory that goes with the test, with a host's resolv.conf in it. */
function setUp(t: TestContext, hostText = "nameserver 10.0.0.1\n") {
  const runDir = fs.mkdtempSync(join(tmpdir(), "causeway-dns-"));
  t.after(() => fs.rmSync(runDir, { recursive: true }));
  const hostResolvConf = join(runDir, "host.conf");
  const systemdResolvConf = join(runDir, "systemd.conf");
  fs.writeFileSync(hostResolvConf, hostText);
  const open = () => new FileSandboxFiles(runDir, { hostResolvConf, systemdResolvConf });
  return { runDir, hostResolvConf, systemdResolvConf, open, files: open() };
}

const each = (paths: SandboxFilePaths) => [paths.hosts, paths.hostname, paths.resolvConf];
const read = (path: string) => fs.readFileSync(path, "utf8");
/** What stands in a resolv.conf, but for its first line. */
const said = (path: string) => read(path).replace(/^# Written by Causeway \([0-9a-f]{12}\): .*\n/, "");
const inodes = (paths: SandboxFilePaths) => each(paths).map((path) => fs.statSync(path).ino);

const createContent = `new FileSandboxFiles(process.argv[1]).create(${JSON.stringify(content)});`;

/** What runs a script in a process of its own, whose umask and mounts other tests do not feel. */
function elsewhere(script: string, runDir: string, wrapper: readonly string[] = []): [string, string[]] {
  const source = JSON.stringify(import.meta.resolve("./file-sandbox-files.ts"));
  const text = `const { FileSandboxFiles } = await import(${source});\n${script}`;
  const [command = "", ...args] = [...wrapper, process.execPath, "--input-type=module", "-e", text, runDir];
  return [command, args];
}

/** Answers its output. */
function runElsewhere(...script: Parameters<typeof elsewhere>): string {
  const child = spawnSync(...elsewhere(...script), { encoding: "utf8" });
  assert.equal(child.status, 0, child.stderr);
  return child.stdout;
}

function startElsewhere(...script: Parameters<typeof elsewhere>) {
  return spawn(...elsewhere(...script), { stdio: ["ignore", "pipe", "inherit"] });
}

test("create makes three files in the sandbox's folder", (t) => {
  const { runDir, files } = setUp(t);
  const paths = files.create(content);
  const folder = `${runDir}/sandboxes/0123456789ab`;
  assert.deepEqual(paths, {
    hosts: `${folder}/hosts`,
    hostname: `${folder}/hostname`,
    resolvConf: `${folder}/resolv.conf`,
  });
  assert.deepEqual(files.paths(sandboxId), paths);
  assert.match(read(paths.hosts), /^172\.30\.0\.2\tweb\.example\.com web$/m);
  assert.equal(read(paths.hostname), "web\n");
  assert.equal(said(paths.resolvConf), "nameserver 10.0.0.1\n");
});

test("every program may read the files, whatever the controller's umask", (t) => {
  const { runDir } = setUp(t);
  runElsewhere(`process.umask(0o077); ${createContent}`, runDir);
  const mode = (path: string) => fs.statSync(path).mode & 0o7777;
  const folder = `${runDir}/sandboxes/0123456789ab`;
  assert.equal(mode(folder), 0o755);
  assert.deepEqual(
    fs.readdirSync(folder).map((name) => [name, mode(join(folder, name))]),
    [
      ["hostname", 0o644],
      ["hosts", 0o644],
      ["resolv.conf", 0o644],
    ],
  );
});

test("a create that fails half-way leaves nothing", (t) => {
  const { runDir } = setUp(t);
  // A tmpfs with inodes for itself, two folders and one file, in a mount namespace that goes with the process.
  const small = [
    "unshare",
    "--mount",
    "sh",
    "-c",
    'mount -t tmpfs -o nr_inodes=4 none "$0" && exec "$@"',
    runDir,
  ];
  const script = `
    const { readdirSync } = await import("node:fs");
    let failure;
    try { ${createContent} } catch (error) { failure = error; }
    console.log(JSON.stringify([failure?.code, failure?.message, readdirSync(process.argv[1] + "/sandboxes")]));`;
  const [code, message, left] = JSON.parse(runElsewhere(script, runDir, small));
  assert.equal(code, "sandbox_files_failed");
  assert.match(message, /^cannot write .*\/0123456789ab\/resolv\.conf \(ENOSPC/);
  assert.deepEqual(left, []);
});

test("update rewrites in place, to longer and to shorter text", (t) => {
  const { files } = setUp(t);
  const paths = files.create(content);
  const before = inodes(paths);
  const short = read(paths.hosts);
  files.update({
    ...content,
    hostname: "a-much-longer-name",
    addresses: ["172.30.0.2", "172.31.0.2"],
    dns: ["10.0.0.100"],
  });
  assert.match(read(paths.hosts), /172\.31\.0\.2\ta-much-longer-name\.example\.com a-much-longer-name\n/);
  assert.equal(read(paths.hostname), "a-much-longer-name\n");
  assert.match(read(paths.resolvConf), /^nameserver 10\.0\.0\.100$/m);
  files.update(content);
  assert.equal(read(paths.hosts), short);
  assert.equal(read(paths.hostname), "web\n");
  assert.equal(said(paths.resolvConf), "nameserver 10.0.0.1\n");
  assert.deepEqual(inodes(paths), before);
});

test("update leaves a file alone whose text is the same", (t) => {
  const { files } = setUp(t);
  const paths = files.create(content);
  for (const path of each(paths)) fs.writeFileSync(path, "untouched\n");
  files.update({ ...content, addresses: ["172.30.0.2", "172.31.0.2"] });
  assert.match(read(paths.hosts), /172\.31\.0\.2/);
  assert.equal(read(paths.hostname), "untouched\n");
  assert.equal(read(paths.resolvConf), "untouched\n");
});

test("after a restart the files are still the same ones", (t) => {
  const { files, open } = setUp(t);
  const paths = files.create({ ...content, hostname: "the-name-before-the-restart" });
  const before = inodes(paths);
  open().update(content);
  assert.equal(read(paths.hostname), "web\n");
  open().create({ ...content, hostname: "w" });
  assert.equal(read(paths.hostname), "w\n");
  assert.deepEqual(inodes(paths), before);
});

test("update makes files that a reboot took", (t) => {
  const { runDir, open } = setUp(t);
  const files = open();
  files.update(content);
  assert.equal(fs.readdirSync(`${runDir}/sandboxes/0123456789ab`).length, 3);
});

test("remove removes everything of this sandbox, and nothing is no error", (t) => {
  const { runDir, files } = setUp(t);
  const other = { ...content, sandboxId: "f".repeat(64) };
  files.remove(sandboxId);
  const { hosts } = files.create(content);
  files.create(other);
  fs.writeFileSync(`${hosts}.somebody-elses`, "");
  files.remove(sandboxId);
  files.remove(sandboxId);
  assert.deepEqual(fs.readdirSync(`${runDir}/sandboxes`), ["f".repeat(12)]);
  const paths = files.create(content);
  assert.equal(read(paths.hostname), "web\n", "nothing is remembered of the removed ones");
});

test("a change of the host's resolv.conf reaches the next create and update", (t) => {
  const { files, hostResolvConf } = setUp(t);
  const paths = files.create(content);
  fs.writeFileSync(`${hostResolvConf}.new`, "nameserver 10.0.0.2\n");
  fs.renameSync(`${hostResolvConf}.new`, hostResolvConf);
  files.update(content);
  assert.match(read(paths.resolvConf), /^nameserver 10\.0\.0\.2$/m);
  fs.rmSync(hostResolvConf);
  files.update(content);
  assert.match(read(paths.resolvConf), /^nameserver 8\.8\.8\.8$/m);
});

test("a review writes what a killed run left behind or missing, and only reads what is right", (t) => {
  const { files, open } = setUp(t);
  const paths = files.create(content);
  const whole = each(paths).map(read);
  files.update({ ...content, hostname: "before", addresses: ["172.30.0.9", "172.30.0.10"] });
  fs.rmSync(paths.hostname);
  const before = fs.statSync(paths.resolvConf).mtimeMs;
  const umask = process.umask(0o077);
  open().review(content);
  process.umask(umask);
  assert.equal(fs.statSync(paths.hostname).mode & 0o777, 0o644);
  assert.deepEqual(each(paths).map(read), whole);
  assert.equal(fs.statSync(paths.resolvConf).mtimeMs, before);
  assert.deepEqual(files.edited(sandboxId), []);
});

describe("what others write into a file is kept", () => {
  const changed = { ...content, hostname: "new", dns: ["10.0.0.9"], addresses: ["172.31.0.2"] };
  const moves = {
    "an update": ({ files }: ReturnType<typeof setUp>) => files.update(changed),
    "an update after a restart": ({ open }: ReturnType<typeof setUp>) => open().update(changed),
    "a review": ({ files }: ReturnType<typeof setUp>) => files.review(changed),
    "a review after a restart": ({ open }: ReturnType<typeof setUp>) => open().review(changed),
  };
  for (const [move, make] of Object.entries(moves)) {
    test(`over ${move}`, (t) => {
      const scene = setUp(t);
      const paths = scene.files.create(content);
      const before = inodes(paths);
      fs.appendFileSync(paths.hosts, "10.1.1.1\tmine\n");
      fs.appendFileSync(paths.resolvConf, "options rotate\n");
      fs.writeFileSync(paths.hostname, "theirs\n");
      const resolvConf = read(paths.resolvConf);
      assert.deepEqual(scene.files.edited(sandboxId).length, 3);
      make(scene);
      assert.match(read(paths.hosts), /^172\.31\.0\.2\tnew\.example\.com new$/m);
      assert.match(read(paths.hosts), /^10\.1\.1\.1\tmine$/m);
      assert.doesNotMatch(read(paths.hosts), /172\.30\.0\.2/);
      assert.equal(read(paths.resolvConf), resolvConf);
      assert.equal(read(paths.hostname), "theirs\n");
      assert.equal(scene.files.edited(sandboxId).length, 3);
      assert.deepEqual(inodes(paths), before);
    });

    test(`until it is emptied: ${move} writes it anew`, (t) => {
      const scene = setUp(t);
      const paths = scene.files.create(content);
      const wanted = setUp(t).files.create(changed);
      for (const path of each(paths)) fs.writeFileSync(path, "theirs\n");
      scene.files.update({ ...content, hostname: "other", dns: ["10.0.0.8"] });
      for (const path of each(paths)) fs.writeFileSync(path, "");
      assert.deepEqual(scene.files.edited(sandboxId), []);
      make(scene);
      assert.deepEqual(each(paths).map(read), each(wanted).map(read));
    });
  }

  test("also bytes that are no text in UTF-8", (t) => {
    const { files } = setUp(t);
    const { hosts } = files.create(content);
    const theirs = Buffer.from([0x23, 0xff, 0xfe, 0xe9, 0x0a]);
    fs.appendFileSync(hosts, theirs);
    files.update(changed);
    assert.ok(fs.readFileSync(hosts).includes(theirs));
  });

  test("who puts ours back has it written by us again", (t) => {
    const { files } = setUp(t);
    const { resolvConf } = files.create(content);
    const ours = read(resolvConf);
    fs.writeFileSync(resolvConf, "nameserver 9.9.9.9\n");
    files.update({ ...content, dns: ["10.0.0.8"] });
    assert.equal(read(resolvConf), "nameserver 9.9.9.9\n");
    fs.writeFileSync(resolvConf, ours);
    files.update({ ...content, dns: ["10.0.0.9"] });
    assert.equal(said(resolvConf), "nameserver 10.0.0.9\n");
  });
});

for (const [size, hosts] of [
  ["a short", 1],
  ["a long", 2000],
] as const) {
  test(`${size} file that a killed run was writing is whole after a review, with what others wrote`, async (t) => {
    const { runDir, files, open } = setUp(t);
    const paths = files.create(content);
    fs.appendFileSync(paths.hosts, "10.7.7.7\tmine\n");
    const extraHosts = Array.from({ length: hosts }, (_, at) => ({ name: `h${at}`, address: "10.0.0.1" }));
    const states = [
      { ...content, hostname: "a", dns: ["10.0.0.9"], extraHosts },
      { ...content, hostname: "longer", dns: ["10.0.0.10"], extraHosts: extraHosts.slice(hosts >> 1) },
    ];
    const script = `
      const { openSync, writeSync } = await import("node:fs");
      const files = new FileSandboxFiles(process.argv[1]);
      const stored = openSync(process.argv[1] + "/stored", "w");
      const states = ${JSON.stringify(states)};
      console.log("ready");
      for (let at = 0; ; at = 1 - at) {
        writeSync(stored, String(at), 0);
        files.update(states[at]);
      }`;
    for (let round = 0; round < 8; round++) {
      const child = startElsewhere(script, runDir);
      await once(child.stdout, "data");
      await sleep(5 + round * 2);
      child.kill("SIGKILL");
      await once(child, "close");
      const next = open();
      // What is to be is stored first.
      const stored = states[Number(read(join(runDir, "stored")))];
      assert.ok(stored);
      next.review(stored);
      next.review({
        ...content,
        hostname: `round${round}`,
        extraHosts: [{ name: "db", address: "10.0.0.3" }],
      });
      const [marks, text] = [/^# Causeway.*\n/gm, read(paths.hosts)];
      assert.equal(text.match(marks)?.length, 2, text);
      const lines = text.replace(marks, "").split("\n").slice(6);
      const own = `172.30.0.2\tround${round}.example.com round${round}`;
      assert.deepEqual(lines, [own, "10.0.0.3\tdb", "10.7.7.7\tmine", ""]);
      assert.equal(read(paths.hostname), `round${round}\n`);
      assert.equal(said(paths.resolvConf), "nameserver 10.0.0.1\n");
      assert.deepEqual(next.edited(sandboxId), [paths.hosts]);
    }
  });
}

test("behind systemd-resolved's stub the real servers are taken", (t) => {
  const { files, hostResolvConf, systemdResolvConf } = setUp(t, "nameserver 127.0.0.53\nsearch stub\n");
  fs.writeFileSync(systemdResolvConf, "nameserver 10.0.0.7\nsearch lan\n");
  const paths = files.create(content);
  assert.equal(said(paths.resolvConf), "nameserver 10.0.0.7\nsearch lan\n");
  fs.writeFileSync(hostResolvConf, "nameserver 127.0.0.53\nnameserver 10.0.0.1\n");
  files.update(content);
  assert.equal(said(paths.resolvConf), "nameserver 10.0.0.1\n");
});

test("a host's resolv.conf that cannot be read is an error, and nothing is made", (t) => {
  const { runDir, files, hostResolvConf } = setUp(t);
  fs.rmSync(hostResolvConf);
  fs.mkdirSync(hostResolvConf);
  assert.throws(() => files.create(content), { name: "CausewayError", code: "resolv_conf_unreadable" });
  assert.ok(!fs.existsSync(`${runDir}/sandboxes`));
});

test("what the file system refuses is an error that names the path", (t) => {
  const { runDir, files } = setUp(t);
  fs.writeFileSync(`${runDir}/sandboxes`, "in the way");
  assert.throws(() => files.create(content), {
    code: "sandbox_files_failed",
    message: new RegExp(`cannot make ${runDir}/sandboxes/0123456789ab .*run directory$`),
  });
  fs.rmSync(`${runDir}/sandboxes`);
  const paths = files.create(content);
  fs.rmSync(paths.hostname);
  fs.mkdirSync(paths.hostname);
  assert.throws(() => files.update({ ...content, hostname: "new" }), {
    code: "sandbox_files_failed",
    message: new RegExp(`cannot write ${paths.hostname} `),
  });
  fs.rmdirSync(paths.hostname);
  files.update(content);
  assert.equal(read(paths.hostname), "web\n", "a failed update does not pass for written");
});

test("folders of our form are listed, and can be removed by what is listed, and nothing else", (t) => {
  const { runDir, files, open } = setUp(t);
  assert.deepEqual(open().list(), []);
  const paths = files.create(content);
  const left = files.create({ ...content, sandboxId: "f".repeat(64) });
  const theirs = ["sandboxes/notes", "sandboxes/0123456789abcdef"].map((name) => join(runDir, name));
  for (const path of theirs) fs.mkdirSync(path);
  const file = join(runDir, "sandboxes/aaaaaaaaaaaa");
  fs.writeFileSync(file, "a file");
  const short = sandboxId.slice(0, 12);
  assert.deepEqual([...open().list()].sort(), [short, "f".repeat(12)]);
  open().remove("f".repeat(12));
  assert.deepEqual(each(left).map(fs.existsSync), [false, false, false]);
  assert.ok(!fs.existsSync(join(runDir, "sandboxes/ffffffffffff")));
  for (const path of [...each(paths), ...theirs, file]) assert.ok(fs.existsSync(path), path);
});

/** Holds a lease of a file, as whoever is root in a container may, and does not let go when it is asked to. */
async function leasedBySomebody(t: TestContext, path: string): Promise<() => Promise<void>> {
  const holder = spawn(
    "python3",
    [
      "-c",
      `import fcntl, os, signal, sys
signal.signal(signal.SIGIO, signal.SIG_IGN)
fcntl.fcntl(os.open(sys.argv[1], os.O_RDWR), fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("held", flush=True)
signal.pause()`,
      path,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const end = async () => {
    if (holder.exitCode !== null || holder.signalCode !== null) return;
    holder.kill("SIGKILL");
    await once(holder, "exit");
  };
  t.after(end);
  await once(holder.stdout, "data");
  return end;
}

test("nobody is waited for who has a lease of a file: the text comes with the next change", async (t) => {
  const { files } = setUp(t);
  const paths = files.create(content);
  const end = await leasedBySomebody(t, paths.hosts);
  const began = performance.now();
  files.update({ ...content, addresses: ["172.30.0.3"] });
  files.review({ ...content, addresses: ["172.30.0.3"] });
  files.edited(sandboxId);
  // The kernel would break the lease after 45 s.
  assert.ok(performance.now() - began < 5000);
  await end();
  files.update({ ...content, addresses: ["172.30.0.3"] });
  assert.match(read(paths.hosts), /^172\.30\.0\.3\tweb/m);
});

test("a file that is longer than any of ours is not read, and left alone", (t) => {
  const { files, open } = setUp(t);
  const paths = files.create(content);
  const huge = 3 * 2 ** 40;
  for (const path of each(paths)) fs.truncateSync(path, huge);
  const changed = { ...content, addresses: ["172.30.0.3"], hostname: "other", hasResolver: true };
  const rss = process.memoryUsage.rss();
  files.update(changed);
  open().review(changed);
  assert.deepEqual(files.edited(sandboxId).toSorted(), each(paths).toSorted());
  assert.ok(process.memoryUsage.rss() - rss < 100e6);
  for (const path of each(paths)) assert.equal(fs.statSync(path).size, huge);
  for (const path of each(paths)) fs.truncateSync(path, 0);
  files.update(changed);
  assert.match(read(paths.hosts), /^172\.30\.0\.3\tother/m);
  assert.match(said(paths.resolvConf), /^nameserver 127\.0\.0\.11/);
});
