import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { PluginClient, RemoteIpam, RemoteNetworkDriver } from "../client/index.ts";
import { messageOf, PluginError } from "../errors.ts";
import { isMethodName, type MethodName } from "../protocol/index.ts";
import {
  type IpamDriverHandlers,
  type NetworkDriverHandlers,
  type PluginDefinition,
  servePlugin,
} from "../server/index.ts";
import { at, sameForAll, somebody, temporaryDirectory, yes } from "../test-support.ts";
import { replayAsDockerd } from "./as-dockerd.ts";
import { RecordedPlugin } from "./as-plugin.ts";
import { differencesText } from "./difference.ts";
import { methodOf, parseRecording, type RecordedExchange } from "./recording.ts";

const testdata = join(import.meta.dirname, "../../testdata");
const recordings = readdirSync(testdata).map((file) => ({
  file,
  recording: parseRecording(readFileSync(join(testdata, file), "utf8")),
}));

function recorded(file: string): readonly RecordedExchange[] {
  const found = recordings.find((each) => each.file === file);
  assert.ok(found, file);
  return found.recording;
}

/** Says what was recorded by the two drivers' own methods: their handshake and capabilities come by themselves. */
async function playClient(path: string, recording: readonly RecordedExchange[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  let client = new PluginClient(at(path));
  let drivers = { NetworkDriver: new RemoteNetworkDriver(client), IpamDriver: new RemoteIpam(client) };
  for (const exchange of recording) {
    const method = methodOf(exchange);
    assert.ok(isMethodName(method));
    if (method === "Plugin.Activate") {
      client[Symbol.dispose]();
      client = new PluginClient(at(path));
      drivers = { NetworkDriver: new RemoteNetworkDriver(client), IpamDriver: new RemoteIpam(client) };
    }
    if (method === "Plugin.Activate" || method.endsWith(".GetCapabilities")) continue;
    answers.push(await called(drivers, method, exchange).catch(messageOf));
  }
  client[Symbol.dispose]();
  return answers;
}

function called(
  drivers: { readonly NetworkDriver: RemoteNetworkDriver; readonly IpamDriver: RemoteIpam },
  method: MethodName,
  { rawRequest }: RecordedExchange,
): Promise<unknown> {
  const [kind, name = ""] = method.split(".");
  const driver = kind === "IpamDriver" ? drivers.IpamDriver : drivers.NetworkDriver;
  if (method === "IpamDriver.GetDefaultAddressSpaces") return drivers.IpamDriver.defaultAddressSpaces();
  const call: unknown = Reflect.get(driver, `${name.charAt(0).toLowerCase()}${name.slice(1)}`);
  assert.ok(typeof call === "function", method);
  return Reflect.apply(call, driver, [JSON.parse(rawRequest)]) as Promise<unknown>;
}

describe("a recorded plugin and our client", () => {
  for (const { file, recording } of recordings) {
    it(`say what was said: ${file}`, async (t) => {
      const socket = join(temporaryDirectory(t), "recorded.sock");
      await using plugin = await RecordedPlugin.open(recording, { socket });
      const answers = await playClient(socket, recording);
      assert.equal(differencesText(plugin.differences), "");
      assert.deepEqual(plugin.remaining, []);
      assert.equal(plugin.calls.length, recording.length);
      const failed = answers.filter((answer) => typeof answer === "string");
      const meant = recording.flatMap(({ response }) => Object.values(response as object)).filter(isFailure);
      assert.deepEqual(
        failed,
        meant.map((text) => `remote: ${text}`),
      );
    });
  }

  it("tell what is asked otherwise", async (t) => {
    const socket = join(temporaryDirectory(t), "recorded.sock");
    const [activate, capabilities, create] = recorded("remote-driver-trace.json");
    assert.ok(activate && capabilities && create);
    await using plugin = await RecordedPlugin.open([activate, capabilities, create], { socket });
    using client = new PluginClient(at(socket));
    await client.activate();
    await client.call("NetworkDriver.CreateNetwork", { NetworkID: "n" });
    await client.call("NetworkDriver.GetCapabilities", {});
    const options = { "com.docker.network.generic": { foo: "bar", routes: "2" } };
    await client.call("NetworkDriver.CreateNetwork", { NetworkID: "n", Options: options });
    await assert.rejects(client.call("NetworkDriver.Leave", { NetworkID: "n", EndpointID: "e" }), {
      code: "plugin_method_unknown",
    });
    assert.deepEqual(
      plugin.differences.map(({ index, method, what, recorded, actual }) => [
        index,
        method,
        what,
        recorded,
        actual,
      ]),
      [
        [
          1,
          "NetworkDriver.GetCapabilities",
          "order",
          "NetworkDriver.GetCapabilities",
          "NetworkDriver.CreateNetwork",
        ],
        [2, "NetworkDriver.CreateNetwork", "Options.com.docker.network.enable_ipv6", false, undefined],
        [2, "NetworkDriver.CreateNetwork", "Options.com.docker.network.generic.routes", "1", "2"],
        [
          2,
          "NetworkDriver.CreateNetwork",
          "IPv4Data",
          [
            {
              AddressSpace: "LocalDefault",
              AuxAddresses: { r1: "10.50.0.9/24" },
              Gateway: "10.50.0.1/24",
              Pool: "10.50.0.0/24",
            },
          ],
          undefined,
        ],
        [2, "NetworkDriver.CreateNetwork", "IPv6Data", [], undefined],
        [3, "", "order", undefined, "NetworkDriver.Leave"],
      ],
    );
    assert.match(differencesText(plugin.differences), /^#1 NetworkDriver.GetCapabilities order: recorded "/);
  });

  it("let ids and sandboxes differ where they do so alike, and some calls come at any time", async (t) => {
    const socket = join(temporaryDirectory(t), "recorded.sock");
    const recording = recorded("remote-driver-trace.json").slice(6, 11);
    const anytime = ["NetworkDriver.EndpointOperInfo"];
    await using plugin = await RecordedPlugin.open(recording, { socket, anytime });
    using client = new PluginClient(at(socket));
    const said = (text: string) =>
      text
        .replaceAll("35419d0f", "11111111")
        .replaceAll("c6bc9d", "222222")
        .replaceAll("/tmp/lab/", "/run/x/");
    for (const exchange of recording.slice(0, 3)) {
      const method = methodOf(exchange);
      assert.ok(isMethodName(method));
      await client.call("NetworkDriver.EndpointOperInfo", { NetworkID: "n", EndpointID: "e" });
      await client.call(method, JSON.parse(said(exchange.rawRequest)) as object);
    }
    assert.equal(differencesText(plugin.differences), "");
    assert.deepEqual(plugin.remaining, []);
  });
});

function isFailure(value: unknown): value is string {
  return typeof value === "string" && value.startsWith("mock ");
}

/** The plugins that were recorded, as far as their answers show. */
function recordedDriver(recording: readonly RecordedExchange[]): NetworkDriverHandlers {
  let endpoints = 0;
  // The two recorded ones differ in what they say of networks without IPv6.
  const joins = recording.filter(({ path }) => path === "/NetworkDriver.Join").values();
  return {
    createNetwork({ Options }) {
      const { fail } = Options["com.docker.network.generic"] as { fail?: string };
      if (fail !== undefined) throw new Error("mock says no");
    },
    deleteNetwork() {},
    createEndpoint: (request) => {
      if (request.Interface?.MacAddress !== "") return { Interface: {} };
      const last = (++endpoints).toString(16).padStart(2, "0");
      return { Interface: { MacAddress: `02:42:aa:bb:cc:${last}` } };
    },
    deleteEndpoint() {},
    endpointOperInfo: () => ({ Value: { "mock.key": "mock.value" } }),
    join: () => joins.next().value?.response as object,
    leave() {},
    programExternalConnectivity() {},
    revokeExternalConnectivity() {},
  };
}

/** @param special the pool's own capabilities */
function recordedIpam(special: boolean): IpamDriverHandlers {
  let next = 10;
  return {
    getCapabilities: () => ({ RequiresMACAddress: special, RequiresRequestReplay: special }),
    getDefaultAddressSpaces: () => ({
      LocalDefaultAddressSpace: "mocklocal",
      GlobalDefaultAddressSpace: "mockglobal",
    }),
    requestPool({ AddressSpace, Pool, Options }) {
      if (Options.fail !== undefined) throw new Error("mock ipam: no pool");
      const pool = Pool || "10.77.0.0/24";
      return { PoolID: `${AddressSpace}/${pool}`, Pool: pool, Data: { "mock.pool": "1" } };
    },
    releasePool() {},
    requestAddress({ PoolID, Address, Options }) {
      const [, prefix = "", length = ""] = PoolID.match(/\/(.*[.:])[0-9]*\/(\d+)$/) ?? [];
      const gateway = Options.RequestAddressType !== undefined;
      const address = Address || `${prefix}${gateway ? 1 : next++}`;
      return { Address: `${address}/${length}`, Data: {} };
    },
    releaseAddress() {},
  };
}

async function servedAt(t: TestContext, plugin: Omit<PluginDefinition, "name">) {
  const path = join(temporaryDirectory(t), "served.sock");
  const server = await servePlugin({ name: "test", ...plugin }, { socket: path });
  t.after(() => server.close());
  return { kind: "unix", path } as const;
}

describe("a recorded dockerd and our server", () => {
  for (const { file, recording } of recordings) {
    it(`say what was said: ${file}`, async (t) => {
      const plugin = file.includes("ipam")
        ? { ipam: recordedIpam(file.includes("replay")) }
        : { network: recordedDriver(recording) };
      const address = await servedAt(t, plugin);
      assert.equal(differencesText(await replayAsDockerd(recording, address, { compare: "values" })), "");
    });
  }

  it("hear the same headers", async (t) => {
    const heard: unknown[] = [];
    const { address } = await somebody(t, ({ headers }, response) => {
      heard.push(headers);
      response.end("{}");
    });
    const [activate] = recorded("remote-driver-trace.json");
    assert.ok(activate);
    await replayAsDockerd([activate], address);
    assert.deepEqual(heard, [{ ...activate.headers, connection: "keep-alive" }]);
  });

  it("get along with other answers of the same shape", async (t) => {
    const driver = await servedAt(t, { network: { ...recordedDriver([]), join: () => ({}) } });
    assert.deepEqual(await replayAsDockerd(recorded("remote-driver-trace.json"), driver), []);
  });

  it("ask for what this plugin has given, not for what the recorded one had", async (t) => {
    const asked: string[] = [];
    const address = await servedAt(t, {
      ipam: {
        ...sameForAll,
        requestPool: ({ Options }) => {
          if (Options.fail !== undefined) throw new Error("full");
          return { PoolID: "p", Pool: "10.9.0.0/24" };
        },
        releaseAddress: ({ PoolID, Address }) => void asked.push(`${PoolID} ${Address}`),
      },
    });
    const recording = recorded("remote-ipam-trace-mac-replay.json");
    assert.deepEqual(await replayAsDockerd(recording, address), []);
    assert.deepEqual(new Set(asked), new Set(["p 10.9.0.2"]));
  });

  it("tell what is answered otherwise", async (t) => {
    const network = { ...yes, createEndpoint: () => Promise.reject(new PluginError("plugin_refused", "no")) };
    const address = await servedAt(t, { network });
    const differences = await replayAsDockerd(recorded("remote-driver-trace.json").slice(0, 9), address);
    assert.equal(
      differencesText(differences),
      `#5 NetworkDriver.CreateNetwork Err: recorded "mock says no", now nothing   (docker network create -d mynet -o fail=1 rnfail)
#6 NetworkDriver.CreateEndpoint Err: recorded nothing, now "no"   (docker run -d --name r1 --network rn1 -p 8081:80 -p 8082:82/udp --network-alias al1 bb:1)
#8 NetworkDriver.ProgramExternalConnectivity status: recorded 200, now 404   (docker run -d --name r1 --network rn1 -p 8081:80 -p 8082:82/udp --network-alias al1 bb:1)
`,
    );
  });
});

it("what is no recording is refused", () => {
  for (const text of ["", "{}", "[{}]", '[{"path":5}]'])
    assert.throws(() => parseRecording(text), { code: "recording_invalid" });
});
