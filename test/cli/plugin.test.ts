// causeway plugin: finds and examines plugins without a daemon.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { servePlugin } from "@causeway/plugin-sdk";
import { soundDriver, soundIpam } from "../../packages/plugin-sdk/src/check/sound-test-support.ts";
import { launcher, runCli } from "../support/cli.ts";

/** Plugins where the protocol looks for them, and nobody else's: a launcher in a mount namespace with these as /run/docker/plugins. */
function machine(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), "causeway-plugins-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const sockets = join(directory, "plugins");
  mkdirSync(sockets);
  const program = join(directory, "causeway");
  const setUp = `mount -t tmpfs none /run && mkdir -p /run/docker && ln -s ${sockets} /run/docker/plugins`;
  writeFileSync(
    program,
    `#!/bin/sh\nexec unshare --mount sh -c '${setUp} && exec ${launcher} "$@"' causeway "$@"\n`,
    { mode: 0o755 },
  );
  const run = (...words: readonly string[]) => runCli(["plugin", ...words], { program });
  return { sockets, run, complete: () => runCli(["__complete", "plugin", "check", ""], { program }) };
}

describe("causeway plugin ls", () => {
  test("tells what is found, where, and what it says that it is", async (t) => {
    const { sockets, run, complete } = machine(t);
    assert.equal((await run("ls", "--json")).stdout, "[]\n");
    const socket = join(sockets, "both.sock");
    await using _server = await servePlugin(
      { name: "both", network: soundDriver(), ipam: soundIpam() },
      { socket },
    );
    const gone = join(sockets, "gone.sock");
    await (await servePlugin({ name: "gone", ipam: soundIpam() }, { socket: gone })).close();
    const { createServer } = await import("node:net");
    const silent = createServer(() => {}).listen(join(sockets, "silent.sock"));
    t.after(() => silent.close());
    const { code, stdout } = await run("ls", "--json");
    assert.equal(code, 0);
    const [both, quiet, ...more] = JSON.parse(stdout);
    assert.deepEqual(both, {
      name: "both",
      address: "unix:///run/docker/plugins/both.sock",
      source: "/run/docker/plugins/both.sock",
      implements: ["NetworkDriver", "IpamDriver"],
    });
    assert.equal(quiet.name, "silent");
    assert.match(quiet.error, /2 ?s|2000 ms|in time/);
    assert.deepEqual(more, []);
    assert.match(
      (await run("ls")).stdout,
      /^NAME +IMPLEMENTS +ADDRESS +SOURCE +ERROR\nboth +NetworkDriver, IpamDriver +unix:/,
    );
    assert.equal((await run("ls", "-q")).stdout, "both\nsilent\n");
    assert.equal((await complete()).stdout, "both\nsilent\n");
  });
});

describe("causeway plugin check", () => {
  test("ends with 0 where nothing is broken, by name and by socket", async (t) => {
    const { sockets, run } = machine(t);
    const socket = join(sockets, "sound.sock");
    await using _server = await servePlugin({ name: "sound", network: soundDriver() }, { socket });
    for (const target of ["sound", socket, `unix://${socket}`]) {
      const { code, stdout, stderr } = await run("check", target);
      assert.deepEqual([code, stderr], [0, ""], stdout);
      assert.match(
        stdout,
        /^unix:.*sound.sock: NetworkDriver\npassed: \d+ kept, 0 broken, \d+ skipped, in \d+ calls\nmade and taken away: \d+ networks, \d+ endpoints, 0 pools, 0 addresses\n$/,
      );
    }
    const { stdout } = await run("check", "--all", "sound");
    assert.match(stdout, /^kept +must +join\.succeeds\n {4}Join answers/m);
    assert.match(stdout, /^skipped +must +ipam\.address\n {4}.*\n {4}- no IpamDriver/m);
  });

  test("ends with 1 where a clause is broken, and says which and what was seen", async (t) => {
    const { sockets, run } = machine(t);
    const socket = join(sockets, "broken.sock");
    const network = {
      ...soundDriver(),
      join: () => ({ InterfaceName: { SrcName: "a name/", DstPrefix: "eth" } }),
    };
    await using _server = await servePlugin({ name: "broken", network }, { socket });
    const { code, stdout } = await run("check", "broken");
    assert.equal(code, 1);
    assert.match(stdout, /^broken +must +join\.interface\n {4}InterfaceName, where .*\n {4}- .*"a name\/"/m);
    assert.match(stdout, /^FAILED: /m);
    const report = JSON.parse((await run("check", "--json", "broken")).stdout);
    const broken = report.clauses.filter(({ outcome }: { outcome: string }) => outcome === "broken");
    assert.deepEqual(
      broken.map(({ id }: { id: string }) => id),
      ["join.interface", "join.distinct", "join.unknown-endpoint"],
    );
    assert.equal(report.passed, false);
  });

  test("shows nothing that a terminal would obey of what a plugin says that it is", async (t) => {
    const { sockets, run } = machine(t);
    const { createServer } = await import("node:http");
    const answer = JSON.stringify({ Implements: ["NetworkDriver", "\u001b[2J\u009b31m\npassed"] });
    const server = createServer((_, response) => response.end(answer)).listen(join(sockets, "evil.sock"));
    t.after(() => server.close());
    for (const words of [["check", "evil"], ["ls"]]) {
      const { stdout } = await run(...words);
      assert.match(stdout, /NetworkDriver, /);
      assert.doesNotMatch(stdout.replaceAll("\n", ""), /\p{Cc}/u);
      assert.doesNotMatch(stdout, /^passed/m);
    }
  });

  test("--restart looks at what it remembers, and what stays behind is told", async (t) => {
    const { sockets, run } = machine(t);
    const socket = join(sockets, "staying.sock");
    const network = {
      ...soundDriver(),
      deleteNetwork() {
        throw new Error("it stays");
      },
    };
    await using _server = await servePlugin({ name: "staying", network }, { socket });
    const { stdout } = await run("check", "--all", "--restart", "true", "staying");
    assert.match(stdout, /^kept +must +restart\.answers\n/m);
    assert.match(stdout, /^left behind: network [0-9a-f]{64}$/m);
    const failing = await run("check", "--all", "--restart", "exit 3", "staying");
    assert.match(failing.stdout, /^skipped +must +restart\.answers\n.*\n {4}- .*"exit 3" ended with 3$/m);
  });

  test("Ctrl-C ends it, and what it has made is taken away", async (t) => {
    const { sockets } = machine(t);
    const socket = join(sockets, "slow.sock");
    const sound = soundDriver();
    let networks = 0;
    const started = Promise.withResolvers<void>();
    const network = {
      ...sound,
      createNetwork: async (...words: Parameters<typeof sound.createNetwork>) => {
        await sound.createNetwork(...words);
        networks++;
      },
      deleteNetwork: async (...words: Parameters<typeof sound.deleteNetwork>) => {
        await sound.deleteNetwork(...words);
        networks--;
      },
      createEndpoint: async (...words: Parameters<typeof sound.createEndpoint>) => {
        started.resolve();
        await new Promise((resolve) => setTimeout(resolve, 300));
        return sound.createEndpoint(...words);
      },
    };
    await using _server = await servePlugin({ name: "slow", network }, { socket });
    const child = spawn(launcher, ["plugin", "check", socket], { stdio: "ignore" });
    const ended = once(child, "exit");
    await started.promise;
    assert.ok(networks > 0);
    child.kill("SIGINT");
    assert.deepEqual(await ended, [130, null]);
    assert.equal(networks, 0);
  });

  test("what cannot be examined has statuses of its own", async (t) => {
    const { sockets, run } = machine(t);
    writeFileSync(join(sockets, "none.sock"), "");
    const socket = join(sockets, "sound.sock");
    await using _server = await servePlugin({ name: "sound", network: soundDriver() }, { socket });
    for (const [words, status, says] of [
      [["sonud"], 3, /there is no plugin "sonud".*did you mean "sound"/],
      [["http://"], 2, /is no plugin's address/],
      [["sound", "--subnet", "10.0.0.0/24"], 2, /--subnet is given twice, or not at all/],
      [["sound", "--timeout", "no"], 2, /--timeout "no"/],
      [["sound", "-o", "x"], 2, /--opt "x" is not of the form/],
      [[join(sockets, "nobody.sock")], 69, /nobody\.sock/],
      [[join(sockets, "none.sock")], 69, /none\.sock/],
    ] as const) {
      const { code, stdout, stderr } = await run("check", ...words);
      assert.deepEqual([code, stdout], [status, ""], stderr);
      assert.match(stderr, says);
      assert.match(stderr, /^causeway: .*\n$/, "it is one line");
    }
  });
});
