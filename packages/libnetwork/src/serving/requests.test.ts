import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { failsWith } from "../test-support.ts";
import {
  addressRequest,
  checkedId,
  joinResponse,
  networkSpec,
  poolRequest,
  portMappings,
  wantedInterface,
  wantsDirectConnect,
} from "./requests.ts";
import { endpointRequest, networkRequest } from "./serving-test-support.ts";

describe("what dockerd says", () => {
  it("has ids that links and files can be named after", () => {
    for (const id of ["a".repeat(64), "0123456789ab"]) assert.equal(checkedId(id), id);
    for (const id of [
      "",
      "a".repeat(11),
      "a".repeat(65),
      "../../../../etc",
      "A".repeat(64),
      `${"a".repeat(63)}\n`,
    ])
      assert.throws(() => checkedId(id), failsWith("invalid", "invalid_id"));
  });

  it("has no pool where the IPAM hands out none", () => {
    const data = { AddressSpace: "", Gateway: "", AuxAddresses: {} };
    const spec = networkSpec(
      networkRequest({ IPv4Data: [{ ...data, Pool: "0.0.0.0/0" }], IPv6Data: [{ ...data, Pool: "::/0" }] }),
    );
    assert.deepEqual([spec.ipv4, spec.ipv6], [[], []]);
    const [given] = networkSpec(networkRequest()).ipv4;
    assert.deepEqual(given, {
      addressSpace: "local",
      pool: "10.1.0.0/24",
      gateway: "10.1.0.1/24",
      auxiliaryAddresses: {},
    });
  });

  it("has options of ours that the driver is not told of", () => {
    const options = { directConnect: "true", "com.docker.network.driver.mtu": "1400" };
    const request = networkRequest({ Options: { "com.docker.network.generic": options } });
    assert.deepEqual(networkSpec(request).options, { "com.docker.network.driver.mtu": "1400" });
    assert.ok(wantsDirectConnect(request));
  });

  it("has a MAC in one of two places, and only one of them is not to be answered", () => {
    const mac = "02:00:00:00:00:05";
    const option = { "com.docker.network.endpoint.macaddress": "AgAAAAAF" };
    const wanted = (MacAddress: string, options = {}) => {
      const { mac: found, macGiven } = wantedInterface(endpointRequest(1, { MacAddress }, options));
      return [found, macGiven];
    };
    assert.deepEqual(wanted(""), [undefined, false]);
    assert.deepEqual(wanted("", option), [mac, false]);
    assert.deepEqual(wanted(mac, option), [mac, true]);
    assert.throws(() => wanted("03:00:00:00:00:05"), { code: "multicast_mac" });
  });

  it("has host ports with their ranges and addresses", () => {
    const entry = { Proto: 6, IP: "", Port: 80, HostIP: "", HostPort: 0, HostPortEnd: 0 };
    const entries = [
      entry,
      { ...entry, Proto: 17, HostPort: 8000, HostPortEnd: 8010 },
      { ...entry, HostIP: "192.0.2.1", HostPort: 8080, HostPortEnd: 8080 },
    ];
    assert.deepEqual(portMappings({ "com.docker.network.portmap": entries }), [
      { protocol: "tcp", containerPort: 80 },
      { protocol: "udp", containerPort: 80, hostPort: 8000, hostPortEnd: 8010 },
      { protocol: "tcp", containerPort: 80, hostAddress: "192.0.2.1", hostPort: 8080, hostPortEnd: 8080 },
    ]);
  });

  it("asks an IPAM for what it names, in the local space where it names none", () => {
    const asked = { AddressSpace: "", Pool: "", SubPool: "", Options: {}, V6: false };
    assert.deepEqual(poolRequest(asked, "here"), { addressSpace: "here", options: {}, v6: false });
    const Options = { a: "b" };
    assert.deepEqual(
      poolRequest({ AddressSpace: "x", Pool: "fd00::/48", SubPool: "fd00::/64", Options, V6: true }, "here"),
      { addressSpace: "x", pool: "fd00::/48", subPool: "fd00::/64", options: Options, v6: true },
    );
    assert.deepEqual(addressRequest({ PoolID: "p", Address: "", Options }), {
      poolId: "p",
      options: Options,
    });
    assert.equal(addressRequest({ PoolID: "p", Address: "10.0.0.1", Options }).address, "10.0.0.1");
  });
});

describe("what dockerd is answered", () => {
  it("names the link that there is, routes of both types, and wants no other way out", () => {
    const answer = {
      interface: {
        plan: { kind: "move", sourceName: "x" },
        prefix: "eth",
        mtu: undefined,
        announce: { count: 0, intervalMs: 0, urgent: false },
      },
      gatewayIpv4: undefined,
      gatewayIpv6: "fd00::1",
      staticRoutes: [
        { destination: "10.2.0.0/16", nextHop: "10.1.0.9" },
        { destination: "10.3.0.0/16", nextHop: undefined },
      ],
    } as const;
    const response = {
      Gateway: "",
      GatewayIPv6: "fd00::1",
      StaticRoutes: [
        { Destination: "10.2.0.0/16", RouteType: 0, NextHop: "10.1.0.9" },
        { Destination: "10.3.0.0/16", RouteType: 1, NextHop: "" },
      ],
      DisableGatewayService: true,
    };
    const InterfaceName = { SrcName: "peer0", DstPrefix: "eth" };
    assert.deepEqual(joinResponse(answer, "peer0"), { InterfaceName, ...response });
    assert.deepEqual(joinResponse(answer, undefined), response);
  });
});
