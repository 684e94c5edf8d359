import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PortMapping } from "../../contracts/driver.ts";
import { planPublishing } from "./publishing.ts";

const endpoint = { ipv4: "172.30.0.2", ipv6: "fd00::2" };
const web: PortMapping = { protocol: "tcp", containerPort: 80, hostPort: 8080 };

function plan(routed: readonly (4 | 6)[], mapping: PortMapping, defaultHostAddress?: string) {
  const { opened, mapped, container } = planPublishing([mapping, mapping], endpoint, {
    routed: new Set(routed),
    defaultHostAddress,
  });
  return { opened: opened.map(({ containerAddress }) => containerAddress), mapped: mapped.length, container };
}

describe("publishing", () => {
  it("takes host ports in networks with translation", () => {
    assert.deepEqual(plan([], web), { opened: [], mapped: 2, container: endpoint });
  });

  it("opens the endpoint's own port in routed families, once", () => {
    assert.deepEqual(plan([4, 6], web), { opened: ["172.30.0.2", "fd00::2"], mapped: 0, container: {} });
    assert.deepEqual(plan([6], web), { opened: ["fd00::2"], mapped: 2, container: { ipv4: "172.30.0.2" } });
  });

  it("opens only the family of the host address, or of the default one", () => {
    const onIpv4 = { ...web, hostAddress: "192.0.2.1" };
    assert.deepEqual(plan([4, 6], onIpv4).opened, ["172.30.0.2"]);
    assert.deepEqual(plan([6], onIpv4), { opened: [], mapped: 2, container: { ipv4: "172.30.0.2" } });
    assert.deepEqual(plan([4, 6], { ...web, hostAddress: "::" }).opened, ["fd00::2"]);
    assert.deepEqual(plan([6], web, "192.0.2.1").opened, []);
  });

  it("refuses a loopback address where nothing is translated, instead of opening the port to everybody", () => {
    const code = { code: "publish_loopback_routed", kind: "invalid" };
    assert.throws(() => plan([4], { ...web, hostAddress: "127.0.0.1" }), code);
    assert.throws(() => plan([4, 6], { ...web, hostAddress: "::1" }), code);
    assert.throws(() => plan([4, 6], web, "127.0.0.1"), code);
    assert.deepEqual(plan([6], { ...web, hostAddress: "::1" }), {
      opened: [],
      mapped: 2,
      container: { ipv4: "172.30.0.2" },
    });
  });

  it("leaves what leads nowhere to be refused where host ports are taken", () => {
    const { mapped, opened } = planPublishing(
      [{ ...web, hostAddress: "2001:db8::1" }],
      { ipv4: "172.30.0.2" },
      {
        routed: new Set(),
        defaultHostAddress: undefined,
      },
    );
    assert.deepEqual([mapped.length, opened.length], [1, 0]);
  });
});
