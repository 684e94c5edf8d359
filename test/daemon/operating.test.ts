// A daemon as systemd sees it: ready, reloading, ending, killed and started anew; and what it logs meanwhile.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { describe, it } from "node:test";
import { link, NftContext, socket } from "@causeway/kernel";
import { runCli } from "../support/cli.ts";
import { askSocket } from "../support/daemon.ts";
import { DaemonProcess } from "../support/daemon-process.ts";
import { eventually } from "../support/eventually.ts";
import { rawConnection } from "../support/raw-http.ts";

/** A request whose body does not come to its end. */
function openRequest(socketPath: string) {
  const headers = { "content-type": "application/json", "content-length": "13" };
  const asked = request({ socketPath, method: "POST", path: "/cnm/v1/networks", headers, agent: false });
  const answered = new Promise<number>((resolve, reject) => {
    asked.on("response", (response) => resolve(response.resume().statusCode ?? 0));
    asked.on("error", reject);
  });
  answered.catch(() => undefined);
  asked.write("{");
  return { answered, finish: () => asked.end('"name":"n1"}') };
}

/** Until the daemon has seen it, a request is not in flight. */
async function running(daemon: DaemonProcess, count: number): Promise<void> {
  await eventually(async () => {
    const { text } = await askSocket(daemon.socket, "GET", "/metrics");
    // The one that asks is one of them.
    assert.match(text, new RegExp(`^causeway_requests_running ${count + 1}$`, "m"));
  });
}

describe("the end of a daemon", () => {
  it("lets finish what has begun, sends away what is new, and ends with 0", async (t) => {
    const daemon = await DaemonProcess.start(t);
    const slow = openRequest(daemon.socket);
    await running(daemon, 1);
    daemon.signal("SIGTERM");
    await daemon.logged("waiting for requests");
    const late = await askSocket(daemon.socket, "GET", "/cnm/v1/networks");
    assert.equal(late.status, 503);
    assert.match(String(late.headers["retry-after"]), /^\d+$/);
    assert.match(late.text, /daemon_stopping/);
    slow.finish();
    assert.equal(await slow.answered, 201);
    assert.equal(await daemon.ended(), 0);
    await daemon.host.start();
    assert.notEqual(daemon.host.controller.networkByName("n1"), undefined);
  });

  it("is hurried by a second signal, which cuts off what has not come to its end", async (t) => {
    const daemon = await DaemonProcess.start(t, { flags: ["--drain-seconds", "3600"] });
    const slow = openRequest(daemon.socket);
    await running(daemon, 1);
    daemon.signal("SIGINT");
    await daemon.logged("waiting for requests");
    daemon.signal("SIGTERM");
    assert.equal(await daemon.ended(), 0);
    await daemon.logged("requests were cut off");
    await assert.rejects(slow.answered, { code: "ECONNRESET" });
  });

  it("comes when the time is up, and ends streams of events at once", async (t) => {
    const daemon = await DaemonProcess.start(t, { flags: ["--drain-seconds", "1"] });
    const stream = askSocket(daemon.socket, "GET", "/v1.51/events");
    const slow = openRequest(daemon.socket);
    await running(daemon, 2);
    daemon.signal("SIGTERM");
    assert.equal((await stream).status, 200);
    assert.equal(await daemon.ended(), 0);
    await assert.rejects(slow.answered, { code: "ECONNRESET" });
  });

  it("does not wait for who leaves a stream of events unread", async (t) => {
    const daemon = await DaemonProcess.start(t, { flags: ["--drain-seconds", "3600"] });
    // More than a socket's buffers hold.
    for (let told = 0; told < 4000; told += 50) {
      const some = Array.from({ length: 50 }, () => askSocket(daemon.socket, "POST", "/networks/prune"));
      await Promise.all(some);
    }
    const streams = [await rawConnection(daemon.socket), await rawConnection(daemon.socket)];
    const late = setTimeout(() => daemon.signal("SIGKILL"), 20_000);
    try {
      for (const [at, path] of ["/v1.51/events?since=0", "/cnm/v1/events?since=0"].entries()) {
        streams[at]?.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
        await streams[at]?.until(/prune/);
        streams[at]?.socket.pause();
      }
      daemon.signal("SIGTERM");
      assert.equal(await daemon.ended(), 0);
      assert.ok(!daemon.lines.some(({ msg }) => msg === "requests were cut off"));
    } finally {
      clearTimeout(late);
      for (const { socket } of streams) socket.destroy();
    }
  });

  it("leaves its networks, and one that was killed starts again at once and has them", async (t) => {
    const daemon = await DaemonProcess.start(t);
    const made = await askSocket(daemon.socket, "POST", "/cnm/v1/networks", { name: "stays" });
    assert.equal(made.status, 201);
    assert.equal(await daemon.end("SIGKILL"), "SIGKILL");
    await daemon.start();
    assert.match((await askSocket(daemon.socket, "GET", "/cnm/v1/networks")).text, /"stays"/);
    assert.equal(await daemon.end(), 0);
  });
});

describe("the start of a daemon", () => {
  it("is refused beside another one, which goes on", async (t) => {
    const daemon = await DaemonProcess.start(t);
    const second = await runCli(daemon.words);
    assert.equal(second.code, 1);
    assert.match(second.stdout, /in use by a controller/);
    assert.equal((await askSocket(daemon.socket, "GET", "/_ping")).status, 200);
  });

  it("is refused with 78 where the configuration is wrong, with 2 where a flag is", async (t) => {
    const daemon = await DaemonProcess.start(t);
    await daemon.end();
    daemon.spawn({ env: { CAUSEWAY_LOG_LEVEL: "loud" } });
    assert.equal(await daemon.ended(), 78);
    await daemon.logged('CAUSEWAY_LOG_LEVEL: "loud" is not one of');
    daemon.spawn({ flags: ["--log-levle=info"] });
    assert.equal(await daemon.ended(), 2);
    await daemon.logged('did you mean "--log-level"?');
  });
});

describe("what systemd is told", () => {
  it("is ready, alive, reloading, ready again, and ending", async (t) => {
    const name = `@causeway-notify-${process.pid}`;
    const address = Buffer.from(`__${name}`);
    address.writeUInt16LE(socket.AF_UNIX);
    address.writeUInt8(0, 2);
    const inbox = socket.openSocket(socket.AF_UNIX, socket.SOCK_DGRAM, 0, { nonBlocking: true });
    socket.bindSocket(inbox, address, name);
    const data = Buffer.alloc(512);
    const heard: string[] = [];
    const hear = (message: RegExp) =>
      eventually(() => {
        heard.push(data.toString("utf8", 0, socket.receiveBytes(inbox, data, socket.MSG_DONTWAIT, name)));
        assert.match(heard.at(-1) ?? "", message);
      });
    const daemon = await DaemonProcess.start(t, { env: { NOTIFY_SOCKET: name, WATCHDOG_USEC: "100000" } });
    // Only now: the host looks for open files first.
    t.after(() => inbox[Symbol.dispose]());
    await hear(new RegExp(`^READY=1\\nSTATUS=answering on .*\\nMAINPID=${daemon.pid}$`));
    await hear(/^WATCHDOG=1$/);
    daemon.signal("SIGHUP");
    await hear(/^RELOADING=1\nMONOTONIC_USEC=\d+$/);
    await hear(/^READY=1\n/);
    daemon.signal("SIGTERM");
    await hear(/^STOPPING=1\n/);
    assert.equal(await daemon.ended(), 0);
  });
});

describe("SIGHUP", () => {
  it("takes up pools, the log's level and the operator's rules, and names what needs a restart", async (t) => {
    const daemon = await DaemonProcess.start(t);
    await daemon.end();
    const path = join(daemon.host.directory, "causeway.toml");
    const rules = join(daemon.host.directory, "user.nft");
    const write = (level: string, base: string, runtime: string) =>
      writeFileSync(
        path,
        `[log]\nlevel = "${level}"\n[network]\ndefault-address-pools = [{ base = "${base}", size = 24 }]\n` +
          `[firewall]\nuser-chain-file = "${rules}"\n[containers]\nruntime = "${runtime}"\n`,
      );
    const makeNetwork = async (name: string) =>
      (await askSocket(daemon.socket, "POST", "/cnm/v1/networks", { name })).text;
    writeFileSync(rules, "add rule inet causeway user ip saddr 203.0.113.1 drop\n");
    write("info", "10.71.0.0/16", "runc");
    await daemon.start({ flags: ["--config", path] });
    assert.match(await makeNetwork("a"), /10\.71\.0\.0/);
    assert.match(userChain(daemon), /203\.0\.113\.1/);

    write("debug", "10.72.0.0/16", "crun");
    writeFileSync(rules, "add rule inet causeway user ip saddr 203.0.113.2 drop\n");
    daemon.signal("SIGHUP");
    const reloaded = await daemon.logged("configuration reloaded");
    assert.deepEqual(reloaded.changed, ["log.level", "network.default-address-pools"]);
    assert.equal((await daemon.logged("from the next start on")).setting, "containers.runtime");
    assert.match(await makeNetwork("b"), /10\.72\.0\.0/);
    await daemon.logged("network:create");
    assert.match(userChain(daemon), /203\.0\.113\.2/);

    writeFileSync(rules, "add rule inet causeway user nonsense\n");
    daemon.signal("SIGHUP");
    assert.match((await daemon.logged("stays as it was")).msg, /nonsense/);
    assert.match(userChain(daemon), /203\.0\.113\.2/);
    writeFileSync(path, "[log]\nlevel = 7\n");
    daemon.signal("SIGHUP");
    await daemon.logged(`${path}:2: log.level: 7 is not one of`);
    assert.equal(await daemon.end(), 0);
  });
});

describe("the log", () => {
  it("has an operation's id in every line of it, down to the calls into the kernel", async (t) => {
    const daemon = await DaemonProcess.start(t, { flags: ["--log-level", "trace"] });
    const refused = await askSocket(daemon.socket, "POST", "/cnm/v1/networks", {
      name: "n",
      driver: "bridges",
    });
    const { error } = refused.body as { readonly error: { readonly operation: string } };
    await eventually(() => assert.ok(daemon.lines.some(({ operation }) => operation === error.operation)));
    await askSocket(daemon.socket, "POST", "/cnm/v1/networks", { name: "n" });
    const made = await daemon.logged("network:create");
    const kinds = () =>
      new Set(
        daemon.lines
          .filter(({ operation, call }) => operation === made.operation && call !== undefined)
          .map(({ kind }) => kind),
      );
    await eventually(() => {
      for (const kind of ["netlink", "nftables", "store"]) assert.ok(kinds().has(kind), kind);
    });
    assert.equal(await daemon.end(), 0);
    await daemon.start();
    await askSocket(daemon.socket, "POST", "/cnm/v1/networks", { name: "m" });
    assert.equal(await daemon.end(), 0);
    assert.deepEqual(
      daemon.lines.filter(({ call }) => call !== undefined),
      [],
    );
  });

  it("tells of what happens by itself, with its mend", async (t) => {
    const daemon = await DaemonProcess.start(t);
    const made = await askSocket(daemon.socket, "POST", "/cnm/v1/networks", { name: "n" });
    const { id } = made.body as { readonly id: string };
    daemon.host.rtnl.execute(link.remove({ name: `br-${id.slice(0, 12)}` }));
    const noticed = await daemon.logged("somebody took away");
    assert.equal(noticed.level, "warn");
    await daemon.logged("put back");
    const { text } = await askSocket(daemon.socket, "GET", "/metrics");
    assert.match(text, /^causeway_events_total\{type="health:mended"\} [1-9]/m);
    assert.equal(await daemon.end(), 0);
  });
});

function userChain({ host }: DaemonProcess): string {
  using nft = new NftContext(host.namespace);
  return nft.run("list chain inet causeway user");
}
