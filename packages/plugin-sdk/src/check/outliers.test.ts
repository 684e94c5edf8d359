import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type PluginAddress, Transport } from "../client/index.ts";
import { type PluginDefinition, type PluginServer, servePlugin } from "../server/index.ts";
import { somebody, temporaryDirectory } from "../test-support.ts";
import { checkPlugin } from "./check.ts";
import { checked, idsOf } from "./checked-test-support.ts";
import type { ClauseId } from "./clauses.ts";
import { reportText } from "./report.ts";
import { type SoundDriver, type SoundIpam, soundDriver, soundIpam } from "./sound-test-support.ts";

/** A call that is never answered, but for the others. */
const never = () => new Promise<never>(() => {});

const drivers: readonly [string, (sound: SoundDriver) => Partial<SoundDriver>, readonly ClauseId[]][] = [
  [
    "an endpoint that is asked for again is gone",
    (sound) => {
      const there = new Set<string>();
      return {
        createEndpoint: async (request, context) => {
          if (there.has(request.EndpointID)) {
            await sound.deleteEndpoint(request, context);
            throw new Error("it is there");
          }
          there.add(request.EndpointID);
          return sound.createEndpoint(request, context);
        },
      };
    },
    ["endpoint.create-again"],
  ],
  [
    "one at a time",
    (sound) => {
      let busy = false;
      return {
        createEndpoint: async (request, context) => {
          if (busy) throw new Error("busy");
          busy = true;
          await new Promise((resolve) => setTimeout(resolve, 20));
          busy = false;
          return sound.createEndpoint(request, context);
        },
      };
    },
    ["endpoint.side-by-side"],
  ],
  [
    "silent about a network that is in use",
    (sound) => {
      const used = new Map<string, string>();
      return {
        createEndpoint: (request, context) => {
          used.set(request.EndpointID, request.NetworkID);
          return sound.createEndpoint(request, context);
        },
        deleteEndpoint: (request, context) => {
          used.delete(request.EndpointID);
          return sound.deleteEndpoint(request, context);
        },
        deleteNetwork: (request, context) =>
          [...used.values()].includes(request.NetworkID) ? never() : sound.deleteNetwork(request, context),
      };
    },
    ["answer.comes", "network.delete-busy"],
  ],
  [
    "silent about who has not left",
    (sound) => {
      const joined = new Set<string>();
      return {
        join: async (request, context) => {
          const answer = await sound.join(request, context);
          joined.add(request.EndpointID);
          return answer;
        },
        leave: (request, context) => {
          joined.delete(request.EndpointID);
          return sound.leave(request, context);
        },
        deleteEndpoint: (request, context) =>
          joined.has(request.EndpointID) ? never() : sound.deleteEndpoint(request, context),
      };
    },
    ["answer.comes", "endpoint.delete-joined"],
  ],
  [
    "silent about who joins again",
    (sound) => {
      const joined = new Set<string>();
      return {
        join: (request, context) => {
          if (joined.has(request.EndpointID)) return never();
          joined.add(request.EndpointID);
          return sound.join(request, context);
        },
        leave: (request, context) => {
          joined.delete(request.EndpointID);
          return sound.leave(request, context);
        },
      };
    },
    ["answer.comes", "join.again"],
  ],
  [
    "silent about who has left",
    (sound) => {
      const gone = new Set<string>();
      return {
        join: (request, context) => {
          gone.delete(request.EndpointID);
          return sound.join(request, context);
        },
        leave: (request, context) => {
          if (gone.has(request.EndpointID)) return never();
          gone.add(request.EndpointID);
          return sound.leave(request, context);
        },
      };
    },
    ["answer.comes", "leave.again"],
  ],
  [
    "silent about who is not there",
    (sound) => {
      const there = new Set<string>();
      return {
        createEndpoint: (request, context) => {
          there.add(request.EndpointID);
          return sound.createEndpoint(request, context);
        },
        endpointOperInfo: ({ EndpointID }) => (there.has(EndpointID) ? {} : never()),
      };
    },
    ["answer.comes", "endpoint.info-unknown"],
  ],
];

const ipams: readonly [string, (sound: SoundIpam) => Partial<SoundIpam>, readonly ClauseId[]][] = [
  [
    "pools that are none",
    (sound) => ({
      requestPool: (request, context) =>
        request.Pool === "x" ? { PoolID: "x", Pool: "x" } : sound.requestPool(request, context),
      releasePool: (request, context) =>
        request.PoolID === "x" ? undefined : sound.releasePool(request, context),
    }),
    ["ipam.pool-invalid"],
  ],
  [
    "a pool for everybody",
    () => {
      const sound = soundIpam({ replays: true });
      return { ...sound, getCapabilities: () => ({ RequiresMACAddress: true }) };
    },
    ["ipam.pool-held"],
  ],
  [
    "the same for those who ask together",
    (sound) => {
      let shared: ReturnType<SoundIpam["requestAddress"]> | undefined;
      return {
        requestAddress: async (request, context) => {
          if (request.Address !== "") return sound.requestAddress(request, context);
          shared ??= sound.requestAddress(request, context);
          const address = await shared;
          await new Promise((resolve) => setTimeout(resolve, 20));
          shared = undefined;
          return address;
        },
      };
    },
    ["ipam.side-by-side"],
  ],
  [
    "silent about what is not held",
    (sound) => ({
      releaseAddress: (request, context) =>
        request.Address.endsWith(".77") ? never() : sound.releaseAddress(request, context),
    }),
    ["answer.comes", "ipam.release-unknown"],
  ],
];

describe("off dockerd's way, a broken plugin fails where it should, and nowhere else", () => {
  const patience = { timeout: 400 };
  const grace = { grace: 10 };
  for (const [name, breakIt, expected] of drivers) {
    it(`driver: ${name}`, async (t) => {
      const sound = soundDriver();
      const report = await checked(t, { network: { ...sound, ...breakIt(sound) } }, grace, patience);
      assert.deepEqual(idsOf(report, "broken").sort(), [...expected].sort(), reportText(report));
    });
  }
  for (const [name, breakIt, expected] of ipams) {
    it(`IPAM: ${name}`, async (t) => {
      const sound = soundIpam();
      const report = await checked(t, { ipam: { ...sound, ...breakIt(sound) } }, grace, patience);
      assert.deepEqual(idsOf(report, "broken").sort(), [...expected].sort(), reportText(report));
    });
  }
});

/** What stands before a sound plugin and reads requests in a way of its own. */
type Front = (request: {
  readonly method: string;
  readonly path: string;
  readonly chunks: readonly Buffer[] | undefined;
  readonly response: ServerResponse;
}) => string | undefined;

/** @param front says what the sound plugin behind is to read; undefined where there is nothing to answer any more */
async function fronted(t: TestContext, front: Front): Promise<PluginAddress> {
  const path = join(temporaryDirectory(t), "behind.sock");
  const server = await servePlugin({ name: "behind", network: soundDriver() }, { socket: path });
  const transport = new Transport({ kind: "unix", path });
  t.after(() => server.close());
  t.after(() => transport[Symbol.dispose]());
  const { address } = await somebody(t, async (request, response) => {
    const chunks = await Array.fromAsync(request as AsyncIterable<Buffer>).catch(() => undefined);
    const { method = "", url = "" } = request;
    const body = front({ method, path: url, chunks, response });
    if (body === undefined) return;
    const exchange = { path: url, body, timeout: 5000, limit: 1024 * 1024 };
    const { status, text } = await transport.exchange(exchange);
    response.writeHead(status).end(text);
  });
  return address;
}

const whole = (chunks: readonly Buffer[] | undefined) =>
  chunks === undefined ? undefined : Buffer.concat(chunks).toString();

const fronts: readonly [string, () => Front, readonly ClauseId[]][] = [
  [
    "nothing is wrong",
    () =>
      ({ chunks, method, response }) => {
        if (method === "POST") return whole(chunks);
        response.writeHead(405).end();
        return undefined;
      },
    [],
  ],
  [
    "reads the first piece",
    () =>
      ({ chunks, method, response }) => {
        if (method === "POST") return (chunks?.[0] ?? Buffer.alloc(0)).toString();
        response.writeHead(405).end();
        return undefined;
      },
    ["http.pieces", "request.large"],
  ],
  [
    "a GET is as good",
    () =>
      ({ chunks, method, response }) => {
        if (method === "POST") return whole(chunks);
        response.end("{}");
        return undefined;
      },
    ["http.get"],
  ],
  [
    "takes what names nothing",
    () =>
      ({ chunks, method, path, response }) => {
        const body = whole(chunks) ?? "";
        const empty = ["", "{}", "null"].includes(body) && path === "/NetworkDriver.CreateEndpoint";
        if (method === "POST" && !empty) return body;
        response.writeHead(method === "POST" ? 200 : 405).end("{}");
        return undefined;
      },
    ["request.no-ids"],
  ],
  [
    "dies of whoever hangs up",
    () => {
      let dead = false;
      return ({ chunks, method, response }) => {
        dead ||= chunks === undefined;
        if (!dead && method === "POST") return whole(chunks);
        if (dead) response.destroy();
        else response.writeHead(405).end();
        return undefined;
      };
    },
    ["http.hang-up", "answer.comes"],
  ],
  [
    "dies of 8 MiB",
    () => {
      let dead = false;
      return ({ chunks, method, response }) => {
        const body = whole(chunks);
        dead ||= (body?.length ?? 0) > 4 * 1024 * 1024;
        if (!dead && method === "POST") return body;
        if (dead) response.destroy();
        else response.writeHead(405).end();
        return undefined;
      };
    },
    ["request.huge", "request.deep", "answer.comes"],
  ],
  [
    "silent about what is nested",
    () =>
      ({ chunks, method, response }) => {
        const body = whole(chunks);
        if (body?.includes("[[[[[[") === true) response.destroy();
        else if (method === "POST") return body;
        else response.writeHead(405).end();
        return undefined;
      },
    ["request.deep"],
  ],
  [
    "answers what nobody could write again",
    () =>
      ({ chunks, method, path, response }) => {
        const depth = 300_000;
        if (method !== "POST") response.writeHead(405).end();
        else if (path !== "/NetworkDriver.EndpointOperInfo") return whole(chunks);
        else response.end(`{"Value":{"a":${"[".repeat(depth)}${"]".repeat(depth)}}}`);
        return undefined;
      },
    ["answer.form", "endpoint.info", "endpoint.info-unknown"],
  ],
];

describe("HTTP as it comes", () => {
  for (const [name, front, expected] of fronts) {
    it(name, async (t) => {
      const report = await checkPlugin(await fronted(t, front()), { timeout: 2000 });
      assert.deepEqual(idsOf(report, "broken").sort(), [...expected].sort(), reportText(report));
    });
  }
});

describe("a plugin that is started again", () => {
  async function restarted(t: TestContext, plugin: () => Omit<PluginDefinition, "name">) {
    const socket = join(temporaryDirectory(t), "plugin.sock");
    const start = () => servePlugin({ name: "test", ...plugin() }, { socket });
    let server: PluginServer = await start();
    t.after(() => server.close());
    return checkPlugin(
      { kind: "unix", path: socket },
      {
        restart: async () => {
          await server.close();
          server = await start();
        },
      },
    );
  }

  it("keeps what it had", async (t) => {
    const plugin = { network: soundDriver(), ipam: soundIpam() };
    const report = await restarted(t, () => plugin);
    assert.deepEqual(idsOf(report, "broken"), [], reportText(report));
    const kept = idsOf(report, "kept");
    for (const id of ["restart.answers", "restart.network", "restart.endpoint", "restart.address"] as const)
      assert.ok(kept.includes(id), id);
  });

  it("or forgets it, and is told so", async (t) => {
    const driver = await restarted(t, () => ({ network: soundDriver() }));
    assert.deepEqual(idsOf(driver, "broken"), ["restart.network", "restart.endpoint"], reportText(driver));
    const ipam = await restarted(t, () => ({ ipam: soundIpam() }));
    assert.deepEqual(idsOf(ipam, "broken"), ["restart.address"], reportText(ipam));
    let starts = 0;
    const other = await restarted(t, () =>
      starts++ === 0 ? { network: soundDriver() } : { network: soundDriver(), ipam: soundIpam() },
    );
    assert.ok(idsOf(other, "broken").includes("restart.answers"), reportText(other));
  });
});

describe("what a check leaves in a plugin", () => {
  it("is nothing when it is ended on the way", async (t) => {
    const sound = soundDriver();
    const ending = new AbortController();
    const endpoints = new Set<string>();
    const network: SoundDriver = {
      ...sound,
      createEndpoint: async (request, context) => {
        const answer = await sound.createEndpoint(request, context);
        endpoints.add(request.EndpointID);
        if (endpoints.size === 5) ending.abort();
        return answer;
      },
      deleteEndpoint: (request, context) => {
        // The check takes its own away: what was there and is not its own would be told by an error.
        endpoints.delete(request.EndpointID);
        endpoints.add(`${request.EndpointID} gone`);
        return sound.deleteEndpoint(request, context);
      },
    };
    const report = await checked(t, { network }, {}, { signal: ending.signal });
    assert.deepEqual([report.interrupted, report.left], [true, []]);
    assert.deepEqual(
      [...endpoints].filter((id) => !id.endsWith(" gone")),
      [],
    );
    assert.ok(idsOf(report, "skipped").includes("network.remake"));
  });

  it("is counted, and told where it cannot be taken away", async (t) => {
    const report = await checked(t, { network: soundDriver(), ipam: soundIpam() });
    assert.deepEqual(report.left, []);
    const { networks, endpoints, pools, addresses } = report.made;
    assert.ok(networks >= 5 && endpoints >= 15 && pools >= 4 && addresses >= 10, JSON.stringify(report.made));
    const deleteNetwork = () => {
      throw new Error("no");
    };
    const staying = await checked(t, { network: { ...soundDriver(), deleteNetwork } });
    assert.equal(
      staying.left.filter((text) => /^network [0-9a-f]{64}$/.test(text)).length,
      staying.made.networks,
    );
    assert.match(reportText(staying), /^LEFT BEHIND {6}network [0-9a-f]{64}$/m);
  });
});
