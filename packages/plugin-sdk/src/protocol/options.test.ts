import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  exposedPorts,
  hasIpv6,
  isInternal,
  macAddressAsBytes,
  macAddressOption,
  portOptions,
  publishedPorts,
  userOptions,
} from "./options.ts";

describe("Options as dockerd was recorded to send them", () => {
  it("has the user's own under the generic label", () => {
    const options = {
      "com.docker.network.enable_ipv6": true,
      "com.docker.network.internal": true,
      "com.docker.network.generic": { foo: "bar", n: 1 },
    };
    assert.deepEqual(userOptions(options), { foo: "bar", n: "1" });
    assert.equal(hasIpv6(options), true);
    assert.equal(isInternal(options), true);
    assert.deepEqual([userOptions({}), hasIpv6({}), isInternal({})], [{}, false, false]);
  });

  it("has ports with numeric protocols", () => {
    const options = {
      "com.docker.network.endpoint.exposedports": [
        { Proto: 17, Port: 82 },
        { Proto: 6, Port: 80 },
      ],
      "com.docker.network.portmap": [
        { Proto: 132, IP: "", Port: 82, HostIP: "127.0.0.1", HostPort: 8082, HostPortEnd: 8085 },
        { Proto: "tcp", IP: "", Port: 80, HostPort: 0, HostPortEnd: 0 },
        { Proto: 99, Port: 1 },
        null,
      ],
    };
    assert.deepEqual(exposedPorts(options), [
      { protocol: "udp", port: 82 },
      { protocol: "tcp", port: 80 },
    ]);
    assert.deepEqual(publishedPorts(options), [
      { protocol: "sctp", port: 82, hostIp: "127.0.0.1", hostPort: 8082, hostPortEnd: 8085 },
      { protocol: "tcp", port: 80, hostIp: "", hostPort: 0, hostPortEnd: 0 },
    ]);
    assert.deepEqual(publishedPorts({ "com.docker.network.portmap": "?" }), []);
  });

  it("has ports written as they are read", () => {
    const exposed = [{ protocol: "udp", port: 82 }] as const;
    const published = [
      { protocol: "tcp", port: 80, hostIp: "127.0.0.1", hostPort: 8080, hostPortEnd: 8089 },
      { protocol: "sctp", port: 7, hostIp: "", hostPort: 0, hostPortEnd: 0 },
    ] as const;
    const written = portOptions(exposed, published);
    assert.deepEqual(written, {
      "com.docker.network.endpoint.exposedports": [{ Proto: 17, Port: 82 }],
      "com.docker.network.portmap": [
        { Proto: 6, IP: "", Port: 80, HostIP: "127.0.0.1", HostPort: 8080, HostPortEnd: 8089 },
        { Proto: 132, IP: "", Port: 7, HostIP: "", HostPort: 0, HostPortEnd: 0 },
      ],
    });
    assert.deepEqual([exposedPorts(written), publishedPorts(written)], [exposed, published]);
  });

  it("has a MAC as base64 of its bytes, or as text", () => {
    const label = "com.docker.network.endpoint.macaddress";
    assert.equal(macAddressOption({ [label]: "AhEiM0RV" }), "02:11:22:33:44:55");
    assert.equal(macAddressOption({ [label]: "02:42:D7:b0:94:c8" }), "02:42:d7:b0:94:c8");
    assert.equal(macAddressOption({ [label]: "AhE=" }), undefined);
    assert.equal(macAddressOption({}), undefined);
    assert.equal(macAddressAsBytes("02:11:22:33:44:55"), "AhEiM0RV");
  });
});
