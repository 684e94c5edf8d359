// Who may use the socket, who is trusted, and whose place it never takes.

import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, existsSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { Daemon, defaultConfig } from "@causeway/daemon";
import { pino } from "pino";
import { askAs } from "../support/ask-as.ts";
import { TestDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { TestHost } from "../support/host.ts";

/** Neither is anybody's on any machine. */
const member = { uid: 64_321, gid: 64_322 };
const outsider = { uid: 64_321, gid: 64_323 };
const list = { method: "GET", path: "/cnm/v1/networks" };

/** Others may come as far as the socket. */
function openDirectories(daemon: TestDaemon): void {
  chmodSync(daemon.host.directory, 0o711);
  chmodSync(dirname(daemon.socket), 0o711);
}

test("the socket is root's and one group's", async (t) => {
  const daemon = await TestDaemon.start(t, { daemon: { socketGroup: String(member.gid) } });
  openDirectories(daemon);
  const { mode, uid, gid } = statSync(daemon.socket);
  assert.deepEqual([mode & 0o777, uid, gid], [0o660, 0, member.gid]);
  assert.match(await askAs(daemon.socket, member, list), /^200 /);
  assert.equal(await askAs(daemon.socket, outsider, list), "EACCES");
});

test("without its group the socket is root's alone", async (t) => {
  const daemon = await TestDaemon.start(t, { daemon: { socketGroup: "no-such-group" } });
  assert.equal(statSync(daemon.socket).mode & 0o777, 0o600);
});

test("who is not root comes to no namespace that is not ours, unless the configuration trusts the group", async (t) => {
  const socketGroup = String(member.gid);
  const daemon = await TestDaemon.start(t, { daemon: { socketGroup } });
  openDirectories(daemon);
  const post = (path: string, body: unknown) =>
    askAs(daemon.socket, member, { method: "POST", path: `/cnm/v1/${path}`, body });
  assert.match(await post("networks", { name: "n" }), /^201 /);
  assert.match(await post("sandboxes", { containerId: "ours" }), /^201 /);
  const key = "/proc/self/ns/net";
  for (const [path, body] of [
    ["sandboxes", { containerId: "c", key }],
    ["sandboxes", { containerId: "c", useHostNetwork: true }],
    ["attachments", { network: "n", containerId: "c", sandbox: { key } }],
    ["attachments", { network: "host", containerId: "c", sandbox: { useHostNetwork: true } }],
    ["sandboxes/ours/key", { path: key }],
  ] as const) {
    assert.match(await post(path, body), /^403 .*caller_not_trusted.*uid 64321/, path);
  }
  // What root has made of the host's network is not for sharing either.
  const made = await daemon.ask("POST", "/cnm/v1/sandboxes", { containerId: "root", useHostNetwork: true });
  assert.equal(made.status, 201, made.text);
  assert.match(await post("sandboxes", { containerId: "c", shareWith: "root" }), /^403 .*caller_not_trusted/);
  assert.match(await post("sandboxes", { containerId: "c", shareWith: "ours" }), /^201 /);
});

test("a group that is trusted may do what root may", async (t) => {
  const daemon = await TestDaemon.start(t, { daemon: { socketGroup: String(member.gid), trustGroup: true } });
  openDirectories(daemon);
  const body = { containerId: "c", useHostNetwork: true };
  assert.match(
    await askAs(daemon.socket, member, { method: "POST", path: "/cnm/v1/sandboxes", body }),
    /^201 /,
  );
});

test("each change stands in the log with who asked for it, under the operation's id", async (t) => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const { daemon, socket } = await startOn(t, "socket", log);
  const path = "/cnm/v1/networks";
  assert.match(
    await askAs(socket, { uid: 0, gid: 0 }, { method: "POST", path, body: { name: "n" } }),
    /^201 /,
  );
  await askAs(socket, { uid: 0, gid: 0 }, list);
  const said = await eventually(() => {
    const line = lines.find(({ method }) => method === "POST");
    assert.ok(line);
    return line;
  });
  assert.match(String(said.caller), /^uid 0, pid \d+/);
  assert.deepEqual([said.url, said.status], [path, 201]);
  assert.match(String(said.operation), /^[0-9a-f]{12}$/);
  assert.equal(
    lines.some(({ method }) => method === "GET"),
    false,
  );
  await daemon.close();
});

test("a socket that a dead daemon left is replaced; a living one, and what is no socket, never is", async (t) => {
  const host = await TestHost.create(t);
  const path = (name: string) => join(host.directory, name);
  const start = (name: string) => startAt(host, path(name));

  const listening: Server = createServer().listen(path("living"));
  await once(listening, "listening");
  await assert.rejects(start("living"), { code: "socket_in_use" });
  assert.ok(statSync(path("living")).isSocket());
  listening.close();

  writeFileSync(path("file"), "precious");
  await assert.rejects(start("file"), { code: "socket_path_taken" });
  assert.ok(statSync(path("file")).isFile());
  symlinkSync(path("file"), path("link"));
  await assert.rejects(start("link"), { code: "socket_path_taken" });
  await assert.rejects(start("nowhere/socket"), { code: "socket_directory_missing" });
  await assert.rejects(start("x".repeat(120)), { code: "socket_path_too_long" });
  rmSync(path("file"));
  rmSync(path("link"));

  await leaveStale(path("stale"));
  assert.ok(statSync(path("stale")).isSocket());
  const daemon = await start("stale");
  await t.test("a second one, of another controller, finds it alive", async (t) => {
    const other = await TestHost.create(t);
    await assert.rejects(startAt(other, path("stale")), { code: "socket_in_use" });
  });
  await daemon.close();
  assert.ok(!existsSync(path("stale")));
});

test("of two daemons that find the same dead one's socket at the same time, one has it and answers there", async (t) => {
  const host = await TestHost.create(t);
  const path = join(host.directory, "stale");
  await leaveStale(path);
  await host.stop();
  // Of a test of its own: the second host goes before the first.
  await t.test("one has it", async (t) => {
    const other = await TestHost.create(t);
    await other.stop();
    const starts = await Promise.allSettled([startAt(host, path), startAt(other, path)]);
    const running = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
    const refused = starts.flatMap((start) => (start.status === "rejected" ? [start.reason.code] : []));
    const answer = askAs(path, { uid: 0, gid: 0 }, list);
    const said = await answer.finally(() => Promise.all(running.map((daemon) => daemon.close())));
    assert.deepEqual([running.length, refused], [1, ["socket_in_use"]]);
    assert.match(said, /^200 /);
  });
});

type Log = Parameters<typeof Daemon.start>[1];

/** A daemon on a host's directories. */
async function startAt(
  host: TestHost,
  socket: string,
  log: Log = pino({ level: "silent" }),
): Promise<Daemon> {
  await host.stop();
  return Daemon.start({ ...defaultConfig, controller: host.options, socket }, log);
}

async function startOn(t: { after(hook: () => unknown): void }, name: string, log: Log) {
  const host = await TestHost.create(t);
  const socket = join(host.directory, name);
  return { daemon: await startAt(host, socket, log), socket };
}

/** The socket of a process that was killed. */
async function leaveStale(path: string): Promise<void> {
  const program = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  const { spawn } = await import("node:child_process");
  await once(spawn(process.execPath, ["-e", program], { stdio: "ignore" }), "exit");
}
