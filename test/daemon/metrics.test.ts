// What Prometheus is told: held against the requests that were made and the traffic that was sent.

import assert from "node:assert/strict";
import { once } from "node:events";
import { get } from "node:http";
import { createServer } from "node:net";
import { it } from "node:test";
import { defaultConfig } from "@causeway/daemon";
import type { Sandbox } from "@causeway/libnetwork";
import { TestDaemon } from "../support/daemon.ts";
import { attached, look } from "../support/dns-asker.ts";
import { DnsServer } from "../support/dns-server.ts";
import { eventually } from "../support/eventually.ts";
import { namespaceOf } from "../support/host.ts";
import { addressesOf } from "../support/inside.ts";
import { canConnect, serve } from "../support/traffic.ts";

/** Samples by name and labels: `causeway_networks`, `x{a="b"}`. */
function samplesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const [, name, value] =
        /^([a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)*\})?) (-?[\d.e+-]+|NaN)$/.exec(line) ?? [];
      assert.ok(name !== undefined && value !== undefined, line);
      return [name, Number(value)];
    }),
  );
}

async function scrape(daemon: TestDaemon): Promise<ReadonlyMap<string, number>> {
  const { status, text, headers } = await daemon.ask("GET", "/metrics");
  assert.equal(status, 200);
  assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4/);
  return samplesOf(text);
}

it("requests are counted by their route, their end and their time, whatever names are in the path", async (t) => {
  const daemon = await TestDaemon.start(t);
  await daemon.ask("GET", "/cnm/v1/networks");
  await daemon.ask("POST", "/cnm/v1/networks", { name: "n" });
  await daemon.ask("POST", "/cnm/v1/networks", { name: "n" });
  // No digits of hexadecimal: those might begin the id of a network that there is.
  for (const name of ["x", "y", "z"]) await daemon.ask("GET", `/v1.51/networks/${name}`);
  await daemon.ask("GET", "/nothing/of/ours");
  // A client has its answer a moment before the request is over.
  await eventually(async () => {
    const samples = await scrape(daemon);
    const requests = (labels: string) => samples.get(`causeway_requests_total{${labels}}`);
    assert.equal(requests('api="cnm",method="GET",route="/cnm/v1/networks",status="200"'), 1);
    assert.equal(requests('api="cnm",method="POST",route="/cnm/v1/networks",status="201"'), 1);
    assert.equal(requests('api="cnm",method="POST",route="/cnm/v1/networks",status="409"'), 1);
    const missing = [...samples].filter(([name]) =>
      /^causeway_requests_total.*api="docker".*status="404"/.test(name),
    );
    assert.deepEqual(
      missing.map(([, value]) => value),
      [3],
    );
    const observed =
      'causeway_request_duration_seconds_count{api="cnm",method="POST",route="/cnm/v1/networks"}';
    assert.equal(samples.get(observed), 2);
    assert.equal(samples.get("causeway_networks"), daemon.daemon.controller.networks().length);
    assert.equal(samples.get("causeway_requests_running"), 1);
    assert.ok((samples.get("causeway_nft_transactions_total") ?? 0) > 0);
    assert.ok((samples.get("causeway_store_commits_total") ?? 0) > 0);
    assert.ok((samples.get("process_open_fds") ?? 0) > 10);
  });
});

it("a client that hangs up is counted, and none is left running", async (t) => {
  const daemon = await TestDaemon.start(t);
  const stream = get({ socketPath: daemon.socket, path: "/v1.51/events", agent: false });
  stream.on("error", () => undefined);
  await eventually(async () => assert.equal((await scrape(daemon)).get("causeway_requests_running"), 2));
  stream.destroy();
  await eventually(async () => {
    const samples = await scrape(daemon);
    assert.equal(samples.get("causeway_requests_running"), 1);
    assert.ok([...samples.keys()].some((name) => /route="[^"]*\/events",status="499"/.test(name)));
    assert.ok(![...samples.keys()].some((name) => /duration_seconds_count.*\/events"/.test(name)));
  });
});

it("traffic is told of each endpoint, as far as the limit goes, and not at all where it is switched off", async (t) => {
  const daemon = await TestDaemon.start(t);
  const { controller } = daemon.daemon;
  const network = await controller.newNetwork("bridge", "n");
  const names = ["one", "two", "three"];
  for (const containerId of names) await controller.attach(network, { containerId });
  const traffic = (samples: ReadonlyMap<string, number>, container: string) =>
    samples.get(
      `causeway_endpoint_transmit_bytes_total{network="n",endpoint="${container}",container="${container}"}`,
    );
  const before = await scrape(daemon);
  for (const name of names) assert.ok(traffic(before, name) !== undefined, name);
  const [one, two] = controller.sandboxes();
  assert.ok(one !== undefined && two !== undefined);
  await talk(one, two);
  // Three segments of a handshake at least, of 54 bytes or more; who had no part in it has not sent so much.
  const now = await scrape(daemon);
  assert.ok((traffic(now, "one") ?? 0) >= (traffic(before, "one") ?? 0) + 3 * 54);
  const config = { ...defaultConfig, controller: daemon.host.options, socket: daemon.socket };
  await daemon.daemon.reload({ ...config, metrics: { traffic: true, trafficLimit: 2 } });
  const limited = await scrape(daemon);
  assert.deepEqual(
    names.map((name) => traffic(limited, name) !== undefined),
    [true, true, false],
  );
  assert.equal(limited.get("causeway_endpoint_traffic_left_out"), 1);
  await daemon.daemon.reload({ ...config, metrics: { traffic: false, trafficLimit: 2 } });
  const without = await scrape(daemon);
  assert.deepEqual(
    [...without.keys()].filter((name) => name.startsWith("causeway_endpoint_transmit")),
    [],
  );
});

it("the loopback listener answers /metrics and nothing else", async (t) => {
  // Port 0 would be one that nobody knows: a free one is asked for, and may be lost to somebody else, then the daemon says so.
  const port = await freePort();
  const daemon = await TestDaemon.start(t, {
    daemon: { metrics: { traffic: true, trafficLimit: 10, listen: { host: "127.0.0.1", port } } },
  });
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  assert.equal(answer.status, 200);
  assert.ok(samplesOf(await answer.text()).has("causeway_networks"));
  for (const path of ["/cnm/v1/networks", "/"])
    assert.equal((await fetch(`http://127.0.0.1:${port}${path}`)).status, 404);
  assert.equal((await fetch(`http://127.0.0.1:${port}/metrics`, { method: "POST", body: "x" })).status, 404);
  await daemon.daemon.close();
  await assert.rejects(fetch(`http://127.0.0.1:${port}/metrics`));
});

async function talk(from: Sandbox, to: Sandbox): Promise<void> {
  using client = namespaceOf(from);
  using server = namespaceOf(to);
  const [address] = addressesOf(to, "eth0").filter((found) => found.includes("."));
  assert.ok(address !== undefined);
  await using _answering = await serve(server, { port: 7 });
  assert.ok(await canConnect(client, address.split("/")[0] ?? "", 7));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address === "object" && address !== null) return address.port;
  throw new Error("no port was had");
}

it("questions for names are counted: found, private, kept, and the tries of other servers", async (t) => {
  const daemon = await TestDaemon.start(t, { controller: { resolver: true } });
  const { controller } = daemon.daemon;
  const web = await attached(controller, "web", "front");
  await attached(controller, "db", "front");
  await attached(controller, "hidden", "back");
  const counted = async () => {
    const samples = await scrape(daemon);
    const of = (name: string) => samples.get(`causeway_dns_${name}_total`);
    return ["questions", "found", "private", "cached", "server_tries", "server_timeouts"].map(of);
  };
  assert.deepEqual(await counted(), [0, 0, 0, 0, 0, 0]);
  const server = await controller.newSandbox("server");
  await controller.networkByName("front")?.connect(server, "server");
  const [address = ""] = server.endpoints()[0]?.ipv4?.split("/") ?? [];
  const asker = await controller.newSandbox("asker", { dns: [address] });
  await controller.networkByName("front")?.connect(asker, "asker");
  await using _ = await DnsServer.start(server, ({ name }) => [
    { type: "A", name, ttl: 300, data: "192.0.2.7" },
  ]);
  for (const name of ["db", "db", "hidden"]) await look(web, name);
  for (let turn = 0; turn < 3; turn++) await look(asker, "www.example.org");
  await eventually(async () => assert.deepEqual(await counted(), [6, 2, 1, 2, 1, 0]));
});
