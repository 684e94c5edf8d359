// The IPAM of examples/plugins/file-ipam, as a process of its own.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import {
  checkPlugin,
  differencesText,
  findPlugin,
  PluginClient,
  parseRecording,
  RemoteIpam,
  replayAsDockerd,
  reportText,
} from "@causeway/plugin-sdk";
import { formatAddress, parseAddress } from "../../examples/plugins/file-ipam/addresses.ts";
import { FileIpam } from "../support/file-ipam.ts";

const testdata = join(import.meta.dirname, "../../packages/plugin-sdk/testdata");

async function start(t: TestContext) {
  const plugin = await FileIpam.start(t);
  const { sockets } = plugin;
  const client = new PluginClient("file-ipam", { directories: { sockets, specs: [] } });
  t.after(() => client[Symbol.dispose]());
  return { plugin, ipam: new RemoteIpam(client) };
}

describe("the IPAM that hands out addresses from a file", () => {
  it("keeps the protocol", async (t) => {
    const plugin = await FileIpam.start(t);
    const { address } = findPlugin("file-ipam", { sockets: plugin.sockets, specs: [] });
    const report = await checkPlugin(address, {
      restart: () => plugin.restart("SIGKILL"),
      ipam: { pool: "10.78.0.0/24", addresses: ["10.78.0.150", "10.78.0.151"], subPool: "10.78.0.128/25" },
    });
    const notKept = report.clauses.filter(
      ({ id, outcome }) => outcome !== "kept" && /^(ipam|restart|request)\./.test(id),
    );
    assert.deepEqual(
      notKept.map(({ id, outcome }) => [id, outcome]),
      [
        ["ipam.mac", "skipped"],
        ["ipam.replay", "skipped"],
        ["restart.network", "skipped"],
        ["restart.endpoint", "skipped"],
      ],
      reportText(report, { all: true }),
    );
    assert.deepEqual([report.passed, report.left], [true, []]);
  });

  it("gets along with dockerd, as recorded", async (t) => {
    const { socket } = await FileIpam.start(t);
    const recording = parseRecording(readFileSync(join(testdata, "remote-ipam-trace.json"), "utf8"));
    const differences = await replayAsDockerd(recording, { kind: "unix", path: socket });
    assert.equal(differencesText(differences), "");
  });

  it("gives what stands in the file, in its order, and nothing else", async (t) => {
    const { ipam } = await start(t);
    const { PoolID, Pool } = await ipam.requestPool({});
    assert.equal(Pool, "10.77.0.0/24");
    const next = async () => (await ipam.requestAddress({ PoolID })).Address;
    assert.deepEqual(
      [await next(), await next(), await next()],
      ["10.77.0.10/24", "10.77.0.11/24", "10.77.0.12/24"],
    );
    await assert.rejects(next(), { message: "remote: no address of 10.77.0.0/24 is free" });
    await ipam.releaseAddress({ PoolID, Address: "10.77.0.11" });
    assert.equal(await next(), "10.77.0.11/24");
    await assert.rejects(ipam.requestAddress({ PoolID, Address: "10.77.0.99" }), {
      message: "remote: 10.77.0.99 is not among the addresses of 10.77.0.0/24",
    });
    await assert.rejects(ipam.requestPool({ Pool: "10.77.0.0/24" }), {
      message: "remote: the pool 10.77.0.0/24 is given to another network",
    });
    await assert.rejects(ipam.requestPool({ Pool: "10.1.0.0/16" }), {
      message: /there is no pool 10.1.0.0\/16 in/,
    });
    const v6 = await ipam.requestPool({ V6: true });
    assert.equal(
      (await ipam.requestAddress({ PoolID: v6.PoolID, Address: "fd79::2" })).Address,
      "fd79::2/64",
    );
    assert.equal((await ipam.requestAddress({ PoolID: v6.PoolID })).Address, "fd79::10/64");
    await assert.rejects(ipam.requestPool({ V6: true }), { message: /no IPv6 pool of .* is free/ });
  });

  it("follows the file, and says which line is wrong", async (t) => {
    const { ipam, plugin } = await start(t);
    writeFileSync(plugin.file, "10.5.0.0/24 10.5.0.1 10.5.0.9\n");
    assert.equal((await ipam.requestPool({})).Pool, "10.5.0.0/24");
    const wrong: [string, RegExp][] = [
      ["10.5.0.0/33 10.5.0.1", /addresses.txt:1: "10.5.0.0\/33" is no subnet$/],
      ["\n10.5.0.0/24 10.6.0.1", /addresses.txt:2: 10.6.0.1 is not in 10.5.0.0\/24$/],
      ["10.5.0.0/24", /addresses.txt:1: "" is no address$/],
      ["10.5.0.0/24 10.5.0.1 10.5.0.9-10.5.0.2", /"10.5.0.9-10.5.0.2" is no range of 1 to 65536 addresses$/],
    ];
    for (const [text, message] of wrong) {
      writeFileSync(plugin.file, text);
      await assert.rejects(ipam.requestPool({}), { code: "plugin_refused", message });
    }
  });

  it("knows after a kill and a restart who has what", async (t) => {
    const { ipam, plugin } = await start(t);
    const { PoolID } = await ipam.requestPool({ Pool: "10.77.0.0/24" });
    const { Address } = await ipam.requestAddress({ PoolID });
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      await plugin.restart(signal);
      // dockerd asks again when a connection is gone; what changes nothing is asked again by ours.
      await ipam.defaultAddressSpaces();
      await assert.rejects(ipam.requestPool({ Pool: "10.77.0.0/24" }), {
        message: /is given to another network/,
      });
      await assert.rejects(ipam.requestAddress({ PoolID, Address: Address.split("/")[0] }), {
        message: "remote: 10.77.0.10 is given to somebody else",
      });
    }
    await ipam.releaseAddress({ PoolID, Address: "10.77.0.10" });
    await ipam.releasePool({ PoolID });
    await ipam.releasePool({ PoolID });
    await ipam.requestPool({ Pool: "10.77.0.0/24" });
    assert.deepEqual(await plugin.end("SIGTERM"), [0, null]);
  });

  it("reads and writes addresses of both families", () => {
    const same = [
      "0.0.0.0",
      "255.255.255.255",
      "10.0.0.1",
      "::",
      "::1",
      "fd00::",
      "2001:db8:1:2:3:4:5:6",
      "1::8",
    ];
    for (const text of same) assert.equal(formatAddress(parseAddress(text)), text);
    assert.equal(formatAddress(parseAddress("FD00:0:0:0:0:0:0:1")), "fd00::1");
    assert.equal(formatAddress(parseAddress("::ffff:10.0.0.1")), "::ffff:a00:1");
    for (const text of ["", "10.0.0", "fe80::1%eth0", "x"])
      assert.throws(() => parseAddress(text), /is no address/);
  });
});
