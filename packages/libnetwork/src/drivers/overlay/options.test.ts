import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDriverConfig, parseNetworkOptions } from "./options.ts";

describe("options of an overlay network", () => {
  it("have defaults", () => {
    assert.deepEqual(
      { ...parseNetworkOptions({}) },
      { vxlanIds: undefined, mtu: undefined, encrypted: false, interfacePrefix: "eth", antiSpoofing: true },
    );
    assert.equal(parseDriverConfig(undefined, "drivers.overlay").vxlanPort, 4789);
    assert.equal(parseDriverConfig({ encryptedPort: 5000 }, "drivers.overlay").encryptedPort, 5000);
  });

  it("are taken by Docker's labels", () => {
    const options = parseNetworkOptions({
      "com.docker.network.driver.overlay.vxlanid_list": "5000, 5001",
      "com.docker.network.driver.mtu": "1400",
      encrypted: "",
    });
    assert.deepEqual(options.vxlanIds, [5000, 5001]);
    assert.equal(options.mtu, 1400);
    assert.equal(options.encrypted, true);
    assert.deepEqual(parseNetworkOptions({ vxlanIds: 7 }).vxlanIds, [7]);
    assert.equal(parseNetworkOptions({ encrypted: "false" }).encrypted, false);
  });

  for (const [given, code] of [
    [{ vxlanIds: "" }, "invalid_option"],
    [{ vxlanIds: [] }, "invalid_option"],
    [{ vxlanIds: "0" }, "invalid_option"],
    [{ vxlanIds: 2 ** 24 }, "invalid_option"],
    [{ vxlanIds: "5000,5000" }, "invalid_option"],
    [{ vxlanIds: { a: 1 } }, "invalid_option"],
    [{ vxlanId: 5000 }, "unknown_option"],
    [{ mtu: 67 }, "invalid_option"],
    [{ mtu: 1400, "com.docker.network.driver.mtu": 1400 }, "option_given_twice"],
    [{ encrypted: "perhaps" }, "invalid_option"],
  ] as const)
    it(`refuse ${JSON.stringify(given)}`, () => {
      assert.throws(() => parseNetworkOptions(given), { code, kind: "invalid" });
    });

  it("refuse a port that is none", () => {
    assert.throws(() => parseDriverConfig({ vxlanPort: 0 }, "drivers.overlay"), { code: "invalid_option" });
  });
});
