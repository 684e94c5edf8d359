import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { CausewayError } from "@causeway/libnetwork";
import { changesOf, loadConfiguration, type Sources } from "./load.ts";
import { variableOf } from "./setting.ts";
import { settingNames, settingOf } from "./settings.ts";

function fileWith(t: TestContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), "causeway-config-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "causeway.toml");
  writeFileSync(path, text);
  return path;
}

function load(sources: Partial<Sources> = {}) {
  return loadConfiguration({ environment: {}, flags: new Map(), ...sources });
}

/** What a configuration is refused with, a line each; the file's path as FILE. */
function problemsOf(sources: Partial<Sources>): readonly string[] {
  try {
    load(sources);
  } catch (error) {
    assert.ok(error instanceof CausewayError);
    return error.message.replaceAll(sources.path ?? "nowhere", "FILE").split("\n");
  }
  return [];
}

describe("loadConfiguration", () => {
  it("takes defaults, the file over them, the environment over that, flags over all, and tells whence", (t) => {
    const path = fileWith(t, `state-dir = "/a"\nrun-dir = "/a"\n[api]\nsocket = "/a"\ngroup = "a"\n`);
    const environment = { CAUSEWAY_RUN_DIR: "/b", CAUSEWAY_SOCKET: "/b" };
    const { config, origins } = load({ path, environment, flags: new Map([["socket", ["/x", "/c"]]]) });
    assert.equal(config.controller.stateDir, "/a");
    assert.equal(config.controller.runDir, "/b");
    assert.equal(config.socket, "/c");
    assert.equal(config.runtime, "runc");
    assert.deepEqual(
      [
        origins.get("stateDir"),
        origins.get("socketGroup"),
        origins.get("runDir"),
        origins.get("socket"),
        origins.get("runtime"),
      ],
      [`${path}:1`, `${path}:5`, "CAUSEWAY_RUN_DIR", "--socket", "default"],
    );
  });

  it("tells everything that is wrong at once, with its place and the nearest name", (t) => {
    const path = fileWith(
      t,
      `state-dir = "not/absolute"\n[log]\nlevl = "info"\nlevel = "loud"\n[network]\nwarm-namespaces = 5000\n` +
        `default-address-pools = [\n  { base = "10.0.0.1/8", size = 24 },\n]\n[firewall]\ntable = "drop"\n[nonsense]\nx = 1\n`,
    );
    const environment = { CAUSEWAY_SELF_HEAL: "perhaps" };
    assert.deepEqual(problemsOf({ path, environment, flags: new Map([["drain-seconds", ["-1"]]]) }), [
      'FILE:3: there is no setting "log.levl" (did you mean "log.level"?)',
      'FILE:13: there is no setting "nonsense.x"',
      'FILE:1: state-dir: "not/absolute" is not an absolute path',
      'FILE:4: log.level: "loud" is not one of trace, debug, info, warn, error, fatal',
      "FILE:6: network.warm-namespaces: 5000 is not a whole number from 0 to 1024",
      "FILE:7: network.default-address-pools: 10.0.0.1/8 has host bits set: the subnet is 10.0.0.0/8",
      `FILE:11: firewall.table: "drop" is a word of nft's own language: choose another name, like my_drop`,
      'CAUSEWAY_SELF_HEAL: "perhaps" is not true or false',
      '--drain-seconds: "-1" is not a whole number from 0 to 3600',
    ]);
  });

  it("tells where the file is no TOML, that it is missing where it was named, and does without the usual one", (t) => {
    assert.match(problemsOf({ path: fileWith(t, "a = 1\nb = = 2\n") }).join("\n"), /^FILE:2:5: /);
    assert.throws(() => load({ path: "/nonexistent/x.toml" }), { code: "config_not_found" });
    assert.equal(load().path, undefined);
    assert.throws(() => load({ path: "/proc" }), { code: "config_unreadable" });
  });

  it("takes no TLS without certificates, and no metrics on an address that others reach", () => {
    assert.match(problemsOf({ flags: new Map([["tcp", ["127.0.0.1:2376"]]]) }).join(), /api\.tls-ca/);
    assert.deepEqual(load({ flags: new Map([["metrics-listen", ["[::1]:9323"]]]) }).config.metrics.listen, {
      host: "::1",
      port: 9323,
    });
    assert.match(problemsOf({ flags: new Map([["metrics-listen", ["0.0.0.0:9323"]]]) }).join(), /loopback/);
  });

  it("reads several values of a flag, and of a variable", () => {
    const pools = ["base=10.64.0.0/12,size=24", "base=fd00:1::/48,size=64"];
    const expected = [
      { base: "10.64.0.0/12", size: 24 },
      { base: "fd00:1::/48", size: 64 },
    ];
    const byFlag = load({ flags: new Map([["default-address-pool", pools]]) });
    assert.deepEqual(byFlag.config.controller.defaultAddressPools, expected);
    const byVariable = load({ environment: { CAUSEWAY_DEFAULT_ADDRESS_POOL: pools.join(" ") } });
    assert.deepEqual(byVariable.config.controller.defaultAddressPools, expected);
    const options = load({ flags: new Map([["default-network-opt", ["mtu=1400", "icc=false"]]]) });
    assert.deepEqual(options.values.defaultNetworkOptions, { mtu: "1400", icc: "false" });
  });

  it("makes a cluster of where etcd is, and refuses what would be of no use without", () => {
    assert.equal(load().config.controller.cluster, false);
    const flags = new Map([
      ["cluster-etcd", ["https://a:2379", "https://b:2379"]],
      ["advertise", ["eth1"]],
      ["cluster-tls-ca", ["/ca.pem"]],
      ["vxlan-port", ["8472"]],
    ]);
    const { controller } = load({ flags }).config;
    assert.deepEqual(controller.cluster, {
      etcd: ["https://a:2379", "https://b:2379"],
      cluster: "default",
      advertise: "eth1",
      tls: { ca: "/ca.pem" },
      life: 10,
      retention: 600,
      keyPeriod: 43_200,
      defaultAddressPools: [],
    });
    assert.deepEqual(controller.drivers?.overlay, { vxlanPort: 8472, encryptedPort: 4793 });
    const ports = new Map([...flags, ["encrypted-port", ["8473"]], ["cluster-key-period-seconds", ["3600"]]]);
    const other = load({ flags: ports }).config.controller;
    assert.deepEqual(other.drivers?.overlay, { vxlanPort: 8472, encryptedPort: 8473 });
    assert.partialDeepStrictEqual(other.cluster, { keyPeriod: 3600 });
    assert.match(
      problemsOf({ flags: new Map([["cluster-user", ["x"]]]) }).join(),
      /user is set, and cluster\.etcd is not/,
    );
    const secret = problemsOf({ flags: new Map([["cluster-etcd", ["https://root:secret@a:2379"]]]) }).join();
    assert.match(secret, /endpoints of etcd/);
  });

  it("warns of variables that look like settings and are none, and leaves those of the command line alone", () => {
    const { warnings } = load({ environment: { CAUSEWAY_STATEDIR: "/x", CAUSEWAY_HOST: "unix:///x" } });
    assert.deepEqual(warnings, ['CAUSEWAY_STATEDIR is no setting (did you mean "CAUSEWAY_STATE_DIR"?)']);
  });
});

describe("settings", () => {
  it("have names of their own, and defaults that their kind takes", () => {
    const all = settingNames.map(settingOf);
    for (const names of [all.map(({ key }) => key), all.map(({ flag }) => flag), all.map(variableOf)])
      assert.deepEqual(names, [...new Set(names)]);
    for (const { key, kind, byDefault, example } of all) {
      if (byDefault !== undefined) assert.deepEqual(kind.read(byDefault), byDefault, key);
      assert.ok(byDefault !== undefined || example !== undefined, key);
    }
  });

  it("tell what a running daemon takes up and what waits for the next start", () => {
    const flags = (pairs: Record<string, string>) =>
      load({ flags: new Map(Object.entries(pairs).map(([flag, text]) => [flag, [text]])) }).values;
    const { taken, restart } = changesOf(flags({}), flags({ "log-level": "debug", "state-dir": "/x" }));
    assert.deepEqual(
      taken.map(({ key }) => key),
      ["log.level"],
    );
    assert.deepEqual(
      restart.map(({ key }) => key),
      ["state-dir"],
    );
  });
});
