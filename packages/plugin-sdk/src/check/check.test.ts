import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { sameForAll, somebody, temporaryDirectory } from "../test-support.ts";
import { checkPlugin } from "./check.ts";
import { checked, idsOf } from "./checked-test-support.ts";
import { type ClauseId, clauses } from "./clauses.ts";
import { reportText } from "./report.ts";
import { type SoundDriver, type SoundIpam, soundDriver, soundIpam } from "./sound-test-support.ts";

describe("a sound plugin", () => {
  it("keeps every clause", async (t) => {
    const report = await checked(t, { network: soundDriver(), ipam: soundIpam() });
    assert.deepEqual(idsOf(report, "broken"), [], reportText(report));
    const skipped: ClauseId[] = [
      "answer.error-field",
      "network.allocate",
      "ipam.address-null-options",
      "ipam.pool-held",
      "restart.answers",
      "restart.network",
      "restart.endpoint",
      "restart.address",
    ];
    assert.deepEqual(
      idsOf(report, "skipped").filter((id) => !skipped.includes(id)),
      [],
    );
    assert.equal(report.passed, true);
    assert.deepEqual(report.implements, ["NetworkDriver", "IpamDriver"]);
  });

  it("may be one of the two, and may refuse what it has not got", async (t) => {
    const driver = await checked(t, { network: soundDriver() });
    assert.equal(driver.passed, true);
    assert.ok(idsOf(driver, "skipped").includes("ipam.address"));
    const sound = soundIpam({ replays: false, mac: false });
    const ipam = await checked(t, {
      ipam: {
        ...sound,
        requestPool: (request, context) => {
          if (request.Pool === "" || request.V6 || request.SubPool !== "")
            throw new Error("only what I have");
          return sound.requestPool(request, context);
        },
      },
    });
    assert.deepEqual(idsOf(ipam, "broken"), [], reportText(ipam));
    const skipped = idsOf(ipam, "skipped");
    for (const id of [
      "ipam.pool-any",
      "ipam.pool-family",
      "ipam.sub-pool",
      "ipam.mac",
      "ipam.replay",
    ] as const)
      assert.ok(skipped.includes(id), id);
  });

  it("leaves nothing in the plugin", async (t) => {
    const driver = soundDriver();
    const left = new Set<string>();
    const report = await checked(t, {
      network: {
        ...driver,
        createEndpoint: async (request, context) => {
          const answer = await driver.createEndpoint(request, context);
          left.add(request.EndpointID);
          return answer;
        },
        deleteEndpoint: async (request, context) => {
          await driver.deleteEndpoint(request, context);
          left.delete(request.EndpointID);
        },
        createNetwork: async (request, context) => {
          await driver.createNetwork(request, context);
          left.add(request.NetworkID);
        },
        deleteNetwork: async (request, context) => {
          await driver.deleteNetwork(request, context);
          left.delete(request.NetworkID);
        },
      },
    });
    assert.equal(report.passed, true);
    assert.deepEqual(left, new Set());
  });
});

/** What is wrong with a driver, how, and which clauses tell. */
const brokenDrivers: readonly [string, (sound: SoundDriver) => Partial<SoundDriver>, readonly ClauseId[]][] =
  [
    ["scope", () => ({ getCapabilities: () => ({ Scope: "universal" }) }), ["network.scope"]],
    [
      "connectivity scope",
      () => ({ getCapabilities: () => ({ Scope: "local", ConnectivityScope: "x" }) }),
      ["network.connectivity-scope"],
    ],
    ["gateway check", () => ({ gwAllocCheck: fails }), ["network.alloc-check"]],
    ["no network", () => ({ createNetwork: fails }), ["network.create"]],
    [
      "one network only",
      (sound) => {
        let made = 0;
        return {
          createNetwork: (request, context) => {
            if (++made === 2) throw new Error("one is enough");
            return sound.createNetwork(request, context);
          },
        };
      },
      ["network.several"],
    ],
    [
      "a network that is asked for again is spoilt",
      (sound) => {
        const networks = new Set<string>();
        let spoilt = false;
        return {
          createNetwork: (request, context) => {
            spoilt = networks.has(request.NetworkID);
            networks.add(request.NetworkID);
            return sound.createNetwork(request, context);
          },
          createEndpoint: (request, context) => {
            if (spoilt) {
              spoilt = false;
              throw new Error("spoilt");
            }
            return sound.createEndpoint(request, context);
          },
        };
      },
      ["network.create-again"],
    ],
    [
      "a subnet once and for all",
      (sound) => {
        const subnets = new Set<string>();
        return {
          createNetwork: (request, context) => {
            const [{ Pool = "" } = {}] = request.IPv4Data;
            if (subnets.has(Pool)) throw new Error("used up");
            subnets.add(Pool);
            return sound.createNetwork(request, context);
          },
        };
      },
      ["network.remake"],
    ],
    [
      "global, and nothing allocated",
      () => ({ getCapabilities: () => ({ Scope: "global" }), allocateNetwork: fails }),
      ["network.allocate"],
    ],
    [
      "an IPv6 network, and no IPv6 endpoint",
      (sound) => ({
        createEndpoint: (request, context) => {
          if (request.Interface?.AddressIPv6) throw new Error("of the other family");
          return sound.createEndpoint(request, context);
        },
      }),
      ["network.ipv6"],
    ],
    ["network stays", () => ({ deleteNetwork: fails }), ["network.delete"]],
    [
      "no endpoint",
      () => ({ createEndpoint: fails }),
      [
        "request.unknown-fields",
        "request.null",
        "network.create-again",
        "endpoint.create",
        "endpoint.mac",
        "endpoint.remake",
        "network.ipv6",
        "request.large",
      ],
    ],
    [
      "says what it was given",
      (sound) => ({
        createEndpoint: async (request, context) => {
          await sound.createEndpoint(request, context);
          return request.Interface === undefined ? {} : { Interface: request.Interface };
        },
      }),
      ["endpoint.given"],
    ],
    [
      "no MAC",
      (sound) => ({
        createEndpoint: async (request, context) => {
          await sound.createEndpoint(request, context);
          return request.Interface?.MacAddress ? {} : { Interface: { MacAddress: "02:42" } };
        },
      }),
      ["endpoint.chosen"],
    ],
    [
      "refuses a MAC",
      (sound) => ({
        createEndpoint: (request, context) => {
          if (request.Interface?.MacAddress) throw new Error("I choose");
          return sound.createEndpoint(request, context);
        },
      }),
      ["endpoint.mac"],
    ],
    [
      "makes endpoints anywhere",
      (sound) => ({
        createEndpoint: async (request, context) => {
          await Promise.resolve()
            .then(() => sound.createEndpoint(request, context))
            .catch(() => {});
          return {};
        },
      }),
      ["endpoint.unknown-network"],
    ],
    [
      "an address once and for all",
      (sound) => {
        const addresses = new Set<string>();
        return {
          createEndpoint: (request, context) => {
            const address = request.Interface?.Address ?? "";
            // Odd requests are about the first few.
            if (addresses.has(address) && !/\.[23]\//.test(address)) throw new Error("used up");
            addresses.add(address);
            return sound.createEndpoint(request, context);
          },
        };
      },
      ["endpoint.remake"],
    ],
    [
      "who has left stays away",
      (sound) => {
        const gone = new Set<string>();
        return {
          leave: async (request, context) => {
            await sound.leave(request, context);
            gone.add(request.EndpointID);
          },
          join: (request, context) => {
            if (gone.has(request.EndpointID)) throw new Error("gone");
            return sound.join(request, context);
          },
        };
      },
      ["leave.rejoin"],
    ],
    ["no info", () => ({ endpointOperInfo: fails }), ["endpoint.info"]],
    [
      "endpoints stay",
      () => ({ deleteEndpoint: fails }),
      ["network.delete", "endpoint.delete", "endpoint.delete-unjoined"],
    ],
    ["no join", () => ({ join: fails }), ["join.succeeds", "leave.rejoin"]],
    ["joins anybody", () => ({ join: () => ({ Gateway: "10.211.0.1" }) }), ["join.unknown-endpoint"]],
    [
      "an interface that no link can be",
      joining({ InterfaceName: { SrcName: "much-too-long-for-a-link", DstPrefix: "eth" } }),
      ["join.interface", "join.distinct"],
    ],
    [
      "the same interface for all",
      joining({ InterfaceName: { SrcName: "veth0", DstPrefix: "eth" } }),
      ["join.distinct"],
    ],
    ["a gateway with a prefix length", joining({ Gateway: "10.211.0.1/24" }), ["join.gateway"]],
    ["a gateway elsewhere", joining({ Gateway: "192.0.2.1" }), ["join.gateway-inside"]],
    [
      "a route by nothing",
      joining({ StaticRoutes: [{ Destination: "10.0.0.0/8", RouteType: 0, NextHop: "" }] }),
      ["join.routes"],
    ],
    ["no leave", () => ({ leave: fails }), ["leave.succeeds"]],
    [
      "no external connectivity",
      () => ({ programExternalConnectivity: fails, revokeExternalConnectivity: fails }),
      ["external.program", "external.revoke"],
    ],
    ["no discovery", () => ({ discoverNew: fails }), ["discover.answers"]],
  ];

function fails(): never {
  throw new Error("no");
}

/** Joins as it should, and answers something else. */
function joining(
  answer: Awaited<ReturnType<SoundDriver["join"]>>,
): (sound: SoundDriver) => Partial<SoundDriver> {
  return (sound) => ({
    join: async (request, context) => {
      const right = await sound.join(request, context);
      return { ...right, ...answer };
    },
  });
}

const brokenIpams: readonly [string, (sound: SoundIpam) => Partial<SoundIpam>, readonly ClauseId[]][] = [
  ["no address space", () => ({ getDefaultAddressSpaces: () => ({}) }), ["ipam.address-spaces"]],
  [
    "a pool of its own choice",
    (sound) => ({
      requestPool: (request, context) => sound.requestPool({ ...request, Pool: "10.44.0.0/24" }, context),
    }),
    ["ipam.pool-given", "ipam.pool-family"],
  ],
  [
    "a pool without a name",
    (sound) => ({
      requestPool: async (request, context) => {
        const pool = await sound.requestPool(request, context);
        return request.Pool === "" && !request.V6 ? { ...pool, PoolID: "" } : pool;
      },
    }),
    ["ipam.pool-any"],
  ],
  [
    "IPv4 for IPv6",
    (sound) => ({ requestPool: (request, context) => sound.requestPool({ ...request, V6: false }, context) }),
    ["ipam.pool-family"],
  ],
  [
    "forgets the sub-pool",
    (sound) => ({
      requestPool: (request, context) => sound.requestPool({ ...request, SubPool: "" }, context),
    }),
    ["ipam.sub-pool", "ipam.sub-pool-outside"],
  ],
  ["pools stay", () => ({ releasePool: fails }), ["ipam.pool-release", "ipam.sub-pool"]],
  [
    "addresses stay",
    () => ({ releaseAddress: fails }),
    ["ipam.pool-release", "ipam.address-release", "ipam.sub-pool"],
  ],
  [
    "addresses without prefix length",
    answering((address) => address.split("/")[0] ?? ""),
    ["ipam.address", "ipam.address-exact", "ipam.address-ipv6", "ipam.gateway"],
  ],
  [
    "its own prefix length",
    answering((address) => address.replace("/24", "/32")),
    ["ipam.address", "ipam.address-exact"],
  ],
  [
    "gives what is held",
    (sound) => ({
      requestAddress: async (request, context) => {
        if (request.Address !== "" && request.PoolID.includes("10.213."))
          await Promise.resolve()
            .then(() => sound.releaseAddress(request, context))
            .catch(() => {});
        return sound.requestAddress(request, context);
      },
    }),
    ["ipam.address-taken"],
  ],
  [
    "the next one instead of the one that is wanted",
    (sound) => ({
      requestAddress: (request, context) =>
        sound.requestAddress(
          request.Options.RequestAddressType === undefined ? { ...request, Address: "" } : request,
          context,
        ),
    }),
    ["ipam.address-exact", "ipam.address-taken", "ipam.address-outside", "ipam.address-invalid"],
  ],
  [
    "gives addresses of others",
    (sound) => ({
      requestAddress: (request, context) =>
        request.Address.startsWith("198.")
          ? { Address: "198.51.100.7/24" }
          : sound.requestAddress(request, context),
    }),
    ["ipam.address-outside"],
  ],
  [
    "gives addresses of no pool",
    (sound) => ({
      requestAddress: (request, context) =>
        request.PoolID.includes("unknown")
          ? { Address: "10.0.0.1/24" }
          : sound.requestAddress(request, context),
    }),
    ["ipam.unknown-pool"],
  ],
  [
    "no gateway",
    (sound) => ({
      requestAddress: (request, context) => {
        if (request.Options.RequestAddressType !== undefined) throw new Error("no gateways here");
        return sound.requestAddress(request, context);
      },
    }),
    ["ipam.gateway"],
  ],
  [
    "wants a MAC, and no MAC",
    (sound) => ({
      requestAddress: (request, context) => {
        if (
          request.Address === "" &&
          Object.keys(request.Options).some((name) => name.endsWith("macaddress"))
        )
          throw new Error("what is that?");
        return sound.requestAddress(request, context);
      },
    }),
    ["ipam.mac", "ipam.address-ipv6", "ipam.sub-pool"],
  ],
  [
    "wants replay, and refuses it",
    () => ({ ...soundIpam({ replays: false }), getCapabilities: () => ({ RequiresRequestReplay: true }) }),
    ["ipam.replay"],
  ],
];

function answering(change: (address: string) => string): (sound: SoundIpam) => Partial<SoundIpam> {
  return (sound) => ({
    requestAddress: async (request, context) => {
      const { Address } = await sound.requestAddress(request, context);
      return { Address: change(Address ?? "") };
    },
  });
}

describe("a broken plugin fails where it should, and nowhere else", () => {
  for (const [name, breakIt, expected] of brokenDrivers) {
    it(`driver: ${name}`, async (t) => {
      const sound = soundDriver();
      const report = await checked(t, { network: { ...sound, ...breakIt(sound) } });
      assert.deepEqual(idsOf(report, "broken").sort(), [...expected].sort(), reportText(report));
      const must = expected.some((id) => clauses[id].level === "must");
      assert.equal(report.passed, !must);
    });
  }

  for (const [name, breakIt, expected] of brokenIpams) {
    it(`IPAM: ${name}`, async (t) => {
      const sound = soundIpam();
      const report = await checked(t, { ipam: { ...sound, ...breakIt(sound) } });
      assert.deepEqual(idsOf(report, "broken").sort(), [...expected].sort(), reportText(report));
    });
  }
});

it("who reads short requests alone is told so, and passes", async (t) => {
  const report = await checked(t, { network: soundDriver() }, { bodyLimit: 64 * 1024 });
  assert.deepEqual(idsOf(report, "broken"), ["request.large"], reportText(report));
  assert.equal(report.passed, true);
});

/** Answers every method alike, but for those that the test has something else for. */
function alike(
  t: TestContext,
  answers: Readonly<Record<string, (response: ServerResponse, body: string) => void>>,
) {
  return somebody(t, async (request, response) => {
    const chunks = await Array.fromAsync(request as AsyncIterable<Buffer>).catch(() => undefined);
    // Who hangs up is not answered.
    if (chunks === undefined) return;
    const body = Buffer.concat(chunks).toString();
    const method = request.url?.slice(1) ?? "";
    const answer = answers[method] ?? answers.else;
    if (answer !== undefined) answer(response, body);
    else response.end("{}");
  });
}

describe("what does not even speak the protocol", () => {
  const driver = (response: ServerResponse) => response.end('{"Implements":["NetworkDriver"]}');
  const cases: [string, Parameters<typeof alike>[1], readonly ClauseId[]][] = [
    [
      "no JSON",
      { "Plugin.Activate": (response) => response.end("hello") },
      ["activate.answers", "answer.form"],
    ],
    ["500", { "Plugin.Activate": (response) => response.writeHead(500).end("no") }, ["activate.answers"]],
    [
      "a volume driver",
      { "Plugin.Activate": (response) => response.end('{"Implements":["VolumeDriver"]}') },
      ["activate.implements"],
    ],
    [
      "only newer dockerds",
      {
        "Plugin.Activate": (response) => {
          if (response.req.headers.host === "") response.writeHead(400).end("no host");
          else response.end('{"Implements":["VolumeDriver"]}');
        },
      },
      ["activate.implements", "http.host"],
    ],
    [
      "another one each time",
      { "Plugin.Activate": (response) => response.end(`{"Implements":["X","${performance.now()}"]}`) },
      ["activate.implements", "activate.again"],
    ],
    [
      "10 MB",
      { "Plugin.Activate": (response) => response.end(" ".repeat(10_000_000)) },
      ["activate.answers", "answer.size"],
    ],
    [
      "says yes to anything",
      {
        "Plugin.Activate": driver,
        "NetworkDriver.GetCapabilities": (response) => response.end('{"Scope":"local"}'),
      },
      [
        "http.get",
        "http.unknown-method",
        "request.malformed",
        "request.no-ids",
        "request.wrong-type",
        "endpoint.unknown-network",
        "join.unknown-endpoint",
      ],
    ],
    [
      "failures in the other field",
      {
        "Plugin.Activate": driver,
        "NetworkDriver.GetCapabilities": (response) => response.end('{"Scope":"local"}'),
        "NetworkDriver.CausewayCheckUnknown": (response) => response.writeHead(404).end(),
        else: (response) => response.end('{"Error":"no"}'),
      },
      ["answer.error-field", "network.create"],
    ],
  ];
  for (const [name, answers, expected] of cases) {
    it(name, async (t) => {
      const { address } = await alike(t, answers);
      const report = await checkPlugin(address);
      assert.deepEqual(idsOf(report, "broken").sort(), [...expected].sort(), reportText(report));
      assert.equal(report.passed, false);
    });
  }

  it("nobody", async (t) => {
    const path = join(temporaryDirectory(t), "nobody.sock");
    const report = await checkPlugin({ kind: "unix", path });
    assert.deepEqual(idsOf(report, "broken"), ["activate.answers", "answer.comes"]);
  });

  it("somebody who hangs, and somebody who hangs up", async (t) => {
    for (const silence of [() => {}, (response: ServerResponse) => response.destroy()]) {
      const { address } = await alike(t, { "Plugin.Activate": driver, else: silence });
      const report = await checkPlugin(address, { timeout: 100 });
      assert.ok(idsOf(report, "broken").includes("answer.comes"));
      assert.ok(report.calls < 40, "it gives up");
    }
  });
});

describe("the report", () => {
  it("is plain data, and text with the clause and what was seen", async (t) => {
    const report = await checked(t, { ipam: sameForAll });
    assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
    const text = reportText(report);
    assert.match(text, /^unix:\/\/\S+plugin\.sock \(IpamDriver\)\nBROKEN \(must\)/);
    assert.match(
      text,
      /ipam\.address-distinct: No address is given twice while it is held\n {17}10\.9\.0\.2\/24 twice/,
    );
    assert.match(text, /\nFAILED: \d+ kept, \d+ broken, \d+ skipped, in \d+ calls\n$/);
    assert.match(reportText(report, { all: true }), /\nkept {13}activate\.answers: /);
  });
});
