import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { PluginError } from "../errors.ts";
import { readMessage } from "./go-json.ts";
import { type MethodName, methods } from "./methods.ts";

const { request: createNetwork } = methods["NetworkDriver.CreateNetwork"];
const { request: createEndpoint } = methods["NetworkDriver.CreateEndpoint"];
const { response: join } = methods["NetworkDriver.Join"];

describe("reading a body as Go does", () => {
  it("fills what is missing or null with zero values", () => {
    const network = { NetworkID: "n", Options: {}, IPv4Data: [], IPv6Data: [] };
    assert.deepEqual(readMessage(createNetwork, { NetworkID: "n" }), network);
    assert.deepEqual(
      readMessage(createNetwork, { NetworkID: "n", Options: null, IPv4Data: null, IPv6Data: null }),
      network,
    );
    const zero = { Gateway: "", GatewayIPv6: "", StaticRoutes: [], DisableGatewayService: false };
    assert.deepEqual(readMessage(join, null), zero);
    assert.deepEqual(readMessage(join, undefined), zero);
    assert.deepEqual(readMessage(join, {}), zero);
  });

  it("leaves out what is optional and missing, or null", () => {
    const endpoint = { NetworkID: "n", EndpointID: "e", Options: {} };
    assert.deepEqual(readMessage(createEndpoint, { NetworkID: "n", EndpointID: "e" }), endpoint);
    assert.deepEqual(readMessage(createEndpoint, { ...endpoint, Interface: null }), endpoint);
    assert.deepEqual(readMessage(createEndpoint, { ...endpoint, Interface: {} }), {
      ...endpoint,
      Interface: { Address: "", AddressIPv6: "", MacAddress: "" },
    });
  });

  it("fills null inside lists and maps", () => {
    const { IPv4Data, Options } = readMessage(createNetwork, {
      NetworkID: "n",
      IPv4Data: [null, { Pool: "10.0.0.0/8", AuxAddresses: { a: null } }],
      Options: { x: null, y: [null, 1.5] },
    });
    assert.deepEqual(IPv4Data, [
      { AddressSpace: "", Pool: "", Gateway: "", AuxAddresses: {} },
      { AddressSpace: "", Pool: "10.0.0.0/8", Gateway: "", AuxAddresses: { a: "" } },
    ]);
    assert.deepEqual(Options, { x: null, y: [null, 1.5] });
  });

  it("takes names in any case, and ignores those it does not know", () => {
    const { response } = methods["NetworkDriver.GetCapabilities"];
    assert.deepEqual(readMessage(response, { scope: "global", connectivityscope: "local", Else: 1 }), {
      Scope: "global",
      ConnectivityScope: "local",
      GwAllocChecker: false,
    });
  });

  it("refuses with the field and what is wrong", () => {
    const breaches: [unknown, RegExp][] = [
      [{}, /^NetworkID is missing$/],
      [{ NetworkID: 5 }, /^NetworkID is a number, and a string is wanted$/],
      [{ NetworkID: "n", IPv4Data: {} }, /^IPv4Data is an object, and a list is wanted$/],
      [
        { NetworkID: "n", IPv4Data: [{ Pool: true }] },
        /^IPv4Data\[0\]\.Pool is a boolean, and a string is wanted$/,
      ],
      [{ NetworkID: "n", Options: [] }, /^Options is a list, and an object is wanted$/],
      ["n", /^the body is a string, and an object is wanted$/],
      [[], /^the body is a list, and an object is wanted$/],
    ];
    for (const [body, message] of breaches)
      assert.throws(() => readMessage(createNetwork, body), { code: "request_invalid", message });
    assert.throws(() => readMessage(join, { StaticRoutes: [{ RouteType: 0.5 }] }), {
      message: "StaticRoutes[0].RouteType is a number that is no integer (0.5), and an integer is wanted",
    });
  });

  it("makes a message of anything, or says why not; what it made it reads again", () => {
    const names = Object.keys(methods) as MethodName[];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.jsonValue(), (name, value) => {
        for (const schema of [methods[name].request, methods[name].response]) {
          try {
            const message = readMessage(schema, value);
            assert.deepEqual(readMessage(schema, message), message);
          } catch (error) {
            assert.ok(error instanceof PluginError, String(error));
          }
        }
      }),
    );
  });
});
