// Our bridge driver and our IPAM, served as a plugin: the protocol, dockerd's recorded conversations, and what is remembered.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  checkPlugin,
  differencesText,
  parseAddress,
  parseRecording,
  replayAsDockerd,
  reportText,
} from "@causeway/plugin-sdk";
import { runCli } from "../support/cli.ts";
import { ServedHost } from "../support/served-host.ts";

const testdata = join(import.meta.dirname, "../../packages/plugin-sdk/testdata");

/** The recorded plugin had options and address spaces of its own. */
function recording(name: string) {
  const text = readFileSync(join(testdata, `${name}.json`), "utf8")
    .replaceAll(/mock(local|global)/g, "$1")
    .replaceAll(/(\\*)"foo\\*": ?\\*"bar\\*"(,\s*\\*"routes\\*": ?\\*"1\\*")?/g, '$1"icc$1":$1"true$1"');
  return parseRecording(text);
}

describe("our drivers, served as a plugin", () => {
  it("keep the protocol", async (t) => {
    const served = await ServedHost.create(t).serve("ours");
    const report = await checkPlugin(parseAddress(served.url), {
      restart: () => served.plugin.restart("SIGKILL"),
    });
    const notKept = report.clauses.filter(({ outcome }) => outcome !== "kept");
    assert.deepEqual(
      notKept.map(({ id, outcome }) => [id, outcome]),
      ["network.alloc-check", "network.allocate", "join.routes", "ipam.mac", "ipam.replay"].map((id) => [
        id,
        "skipped",
      ]),
      reportText(report, { all: true }),
    );
    assert.equal(report.passed, true);
  });

  it("get along with dockerd, as recorded", async (t) => {
    const expected: Readonly<Record<string, readonly string[]>> = {
      "remote-driver-trace": [],
      "remote-driver-trace-errorpaths": [],
      // Options of the IPAM's are nobody's here: `--ipam-opt fail=1` is no reason to fail.
      "remote-ipam-trace": ["#12 IpamDriver.RequestPool"],
      // What it had before dockerd came anew it remembers, and does not ask to be told: so it is not asked for a second time.
      "remote-ipam-trace-mac-replay": ["#10 IpamDriver.RequestPool", "#11 IpamDriver.RequestAddress"],
    };
    for (const [name, places] of Object.entries(expected)) {
      const host = ServedHost.create(t);
      const served = await host.serve("ours");
      const differences = await replayAsDockerd(recording(name), parseAddress(served.url));
      assert.deepEqual(
        differences.map(({ index, method }) => `#${index} ${method}`),
        places,
        differencesText(differences),
      );
      // Some networks of the recordings were never deleted.
      for (const { rawRequest, path } of recording(name))
        if (path === "/NetworkDriver.CreateNetwork")
          await served.driver.deleteNetwork(JSON.parse(rawRequest) as { NetworkID: string });
    }
  });

  it("remember after a kill which pools and addresses are given", async (t) => {
    const { ipam, plugin } = await ServedHost.create(t).serve("ours", [
      "--default-address-pool",
      "base=10.200.0.0/16,size=24",
    ]);
    assert.deepEqual(await ipam.defaultAddressSpaces(), {
      LocalDefaultAddressSpace: "local",
      GlobalDefaultAddressSpace: "global",
    });
    const pool = await ipam.requestPool({
      AddressSpace: "local",
      Pool: "10.201.0.0/16",
      SubPool: "10.201.7.0/24",
    });
    const automatic = await ipam.requestPool({ AddressSpace: "local" });
    assert.equal(automatic.Pool, "10.200.0.0/24");
    const { PoolID } = pool;
    const next = async () => (await ipam.requestAddress({ PoolID })).Address;
    assert.equal(await next(), "10.201.7.0/16");
    assert.equal(await next(), "10.201.7.1/16");
    await ipam.releaseAddress({ PoolID, Address: "10.201.7.0" });
    // Killed before the answer went out, for all that dockerd knows: nobody has used it.
    const unheard = await ipam.requestPool({ AddressSpace: "local", Pool: "10.202.0.0/24" });

    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      await plugin.restart(signal);
      await ipam.defaultAddressSpaces();
      await assert.rejects(ipam.requestPool({ AddressSpace: "local", Pool: "10.201.9.0/24" }), {
        message: /remote: subnet 10\.201\.9\.0\/24 overlaps pool 10\.201\.0\.0\/16/,
      });
      await assert.rejects(ipam.requestAddress({ PoolID, Address: "10.201.7.1" }), {
        message: /remote: address 10\.201\.7\.1 is in use/,
      });
      // The other address space is another world.
      const global = await ipam.requestPool({ AddressSpace: "global", Pool: "10.201.9.0/24" });
      await ipam.releasePool({ PoolID: global.PoolID });
    }
    assert.equal(await next(), "10.201.7.2/16", "what was given back a moment ago is not given to the next");
    assert.deepEqual(await ipam.requestPool({ AddressSpace: "local", Pool: "10.202.0.0/24" }), unheard);
    await assert.rejects(ipam.requestPool({ AddressSpace: "local", Pool: "10.202.0.0/24" }), {
      message: /overlaps/,
    });
    for (const id of [PoolID, automatic.PoolID, unheard.PoolID]) await ipam.releasePool({ PoolID: id });
    await ipam.releasePool({ PoolID });
    await plugin.restart("SIGKILL");
    await ipam.defaultAddressSpaces();
    assert.equal(
      (await ipam.requestPool({ AddressSpace: "local", Pool: "10.201.9.0/24" })).Pool,
      "10.201.9.0/24",
    );
  });

  it("end with the status of a wrong command line, which is not started again, and with another where the host is wrong", async (t) => {
    const { directory, netns } = ServedHost.create(t);
    const serve = (...words: string[]) =>
      runCli(["plugin", "serve", "--state-dir", join(directory, "x"), "--host-namespace", ...words]);
    const misnamed = await serve(netns, "--name", "a/b");
    assert.equal(misnamed.code, 2, misnamed.stderr);
    const poolless = await serve(netns, "--default-address-pool", "base=10.0.0.1/8,size=24");
    assert.equal(poolless.code, 2, poolless.stderr);
    const homeless = await serve(join(directory, "nowhere"));
    assert.equal(homeless.code, 1, homeless.stderr);
  });

  it("say which option is wrong", async (t) => {
    const served = await ServedHost.create(t).serve("ours");
    const generic = (options: object) => ({ "com.docker.network.generic": options });
    const wrong: [object, RegExp][] = [
      [generic({ parant: "eth0" }), /remote: driverOptions: the bridge driver has no option "parant"/],
      [
        generic({ "com.docker.network.bridge.enable_icc": "no" }),
        /remote: driverOptions\.icc: "no" is not true or false/,
      ],
      [generic({ mtu: "9" }), /remote: driverOptions\.mtu: 9 is not a whole number from 68/],
    ];
    for (const [options, message] of wrong)
      await assert.rejects(served.network("10.9.9", undefined, { ...options }), { message });
    await assert.rejects(
      served.driver.createNetwork({ NetworkID: "../x", Options: {}, IPv4Data: [], IPv6Data: [] }),
      {
        message: /"\.\.\/x" is not an id of dockerd's/,
      },
    );
  });
});
