import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../test/support/leak-check.ts";
import { connectionTracking, linkKind, nftables, nftablesNat, requirePrivileges } from "./features.ts";
import { UnsupportedFeatureError } from "./sys/errors.ts";
import { type Feature, hasFeature, requireFeatures, requireNode } from "./sys/features.ts";

const here = JSON.stringify(import.meta.resolve("./index.ts"));

/** Runs a script in another process, under a command that takes something away from it; answers what it prints. */
function runUnder(command: readonly string[], script: string): string {
  const source = `import * as kernel from ${here}; try { ${script} } catch (error) { console.log(String(error)); }`;
  const [program = "", ...args] = [...command, process.execPath, "--input-type=module", "--eval", source];
  const { stdout, stderr, status } = spawnSync(program, args, { encoding: "utf8", timeout: 30_000 });
  assert.deepEqual({ stderr, status }, { stderr: "", status: 0 });
  return stdout.trim();
}

describe("features", () => {
  checkLeaks();

  it("finds what this kernel has", () => {
    requirePrivileges();
    requireFeatures(linkKind("bridge"), linkKind("veth"), nftables, nftablesNat, connectionTracking);
  });

  it("knows a kind that needs more than its name from one that is missing", () => {
    assert.equal(hasFeature(linkKind("macvlan")), true, "it wants a parent");
    assert.equal(hasFeature(linkKind("tun")), true, "it is not made by a message");
    assert.equal(hasFeature(linkKind("nonesuch")), false);
    assert.throws(() => requireFeatures(linkKind("nonesuch")), {
      name: "UnsupportedFeatureError",
      message: /^the link kind "nonesuch" is not available: load its module \(modprobe nonesuch\)/,
    });
  });

  it("asks once", () => {
    let asked = 0;
    const feature: Feature = {
      name: "a",
      mend: "b",
      probe: () => (asked++ === 0 ? new Error("why") : undefined),
    };
    assert.equal(hasFeature(feature), false);
    assert.throws(
      () => requireFeatures(feature),
      (error) => error instanceof UnsupportedFeatureError && String(error.cause) === "Error: why",
    );
    assert.equal(asked, 1);
  });

  it("does not remember an answer that it could not get", () => {
    let mayAsk = false;
    const feature: Feature = {
      name: "a",
      mend: "b",
      probe() {
        if (!mayAsk) throw new Error("not allowed to look");
        return undefined;
      },
    };
    assert.throws(() => hasFeature(feature), /not allowed/);
    mayAsk = true;
    assert.equal(hasFeature(feature), true);
  });

  it("refuses an older Node.js", () => {
    requireNode();
    assert.throws(
      () => requireNode("20.20.0"),
      /Node.js 24 is not available: this is Node.js 20.20.0; install/,
    );
  });

  it("says that it is not root", () => {
    const said = runUnder(["setpriv", "--reuid=65534", "--clear-groups"], "kernel.requirePrivileges()");
    assert.equal(
      said,
      "UnsupportedFeatureError: CAP_NET_ADMIN and CAP_SYS_ADMIN is not available: " +
        "run this as root, or give the process CAP_NET_ADMIN and CAP_SYS_ADMIN",
    );
  });

  for (const [capability, dropped] of [
    ["NET_ADMIN", "-net_admin"],
    ["SYS_ADMIN", "-sys_admin"],
  ]) {
    it(`says that root lacks CAP_${capability}`, () => {
      const said = runUnder(["setpriv", `--bounding-set=${dropped}`], "kernel.requirePrivileges()");
      assert.match(
        said,
        new RegExp(`CAP_${capability} is not available: this is root without it; .*--cap-add ${capability}`),
      );
    });
  }

  it("says so in a user namespace, and a refused namespace leaves the process alive", () => {
    const userNamespace = ["unshare", "--user", "--map-root-user"];
    assert.match(runUnder(userNamespace, "kernel.requirePrivileges()"), /in a user namespace only/);
    assert.match(
      runUnder(userNamespace, "kernel.NetNamespace.create()"),
      /KernelError: setns failed with EPERM/,
    );
  });

  it("says which package brings libnftables", (t) => {
    const files = globSync("/usr/lib/*/libnftables.so.1");
    if (files.length === 0) return t.skip("libnftables is not where Debian puts it");
    // The library is hidden from one process by a mount of its own.
    const hide = [...files.map((file) => `mount --bind /dev/null ${file}`), 'exec "$@"'].join(" && ");
    const said = runUnder(
      ["unshare", "--mount", "sh", "-c", hide, "sh"],
      "kernel.requireFeatures(kernel.nftablesNat)",
    );
    assert.match(
      said,
      /^UnsupportedFeatureError: libnftables.so.1 is not available: .*apt-get install libnftables1/,
    );
  });
});
