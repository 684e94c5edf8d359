// Services by the CNM API: made, shown with their members, healthy or not, and what packets say of each change.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Attachment, Endpoint, ErrorBody, Network, Page, Service } from "@causeway/daemon/api";
import { type Answer, TestDaemon } from "../support/daemon.ts";
import { look } from "../support/dns-asker.ts";
import { namespaceOf } from "../support/host.ts";
import { ask, canConnect, type Server, serve } from "../support/traffic.ts";

const base = "/cnm/v1";
const codeOf = ({ body }: Answer) => (body as ErrorBody).error.code;

function must<T>({ status, text, body }: Answer, expected = 200): T {
  assert.equal(status, expected, text);
  return body as T;
}

const withoutLength = (cidr = "") => cidr.slice(0, cidr.indexOf("/"));

async function started(t: TestContext) {
  const daemon = await TestDaemon.start(t, { controller: { resolver: true } });
  const post = (path: string, body?: unknown, headers = {}) =>
    daemon.ask("POST", `${base}${path}`, body, headers);
  const get = (path: string) => daemon.ask("GET", `${base}${path}`);
  must(await post("/networks", { name: "n", ipam: { config: [{ subnet: "10.9.0.0/24" }] } }), 201);
  const sandbox = (containerId: string) => {
    const found = daemon.daemon.controller.findSandbox(containerId);
    assert.ok(found);
    return found;
  };
  const attach = async (containerId: string, endpoint = {}) =>
    must<Attachment>(await post("/attachments", { network: "n", containerId, endpoint }), 201).endpoint;
  return { daemon, post, get, sandbox, attach };
}

type Scene = Awaited<ReturnType<typeof started>>;

/** Of questions: below those that the kernel chooses from, so that none is of a connection that stands. */
let nextPort = 20_000;

/** Which of the servers got questions, of twenty that were asked by sockets of their own. */
async function reached({ sandbox }: Scene, address: string, port: number, servers: Record<string, Server>) {
  using client = namespaceOf(sandbox("client"));
  const text = `question ${Math.random()}`;
  for (let count = 0; count < 20; count++)
    await ask(client, { protocol: "udp", address, port, sourcePort: nextPort++, text, timeout: 50 });
  return Object.keys(servers).filter((name) => servers[name]?.heard.has(text));
}

test("a service stands for its members, by name and address, as long as each is healthy and there", async (t) => {
  const scene = await started(t);
  const { daemon, post, get, sandbox, attach } = scene;
  const options = {
    name: "web",
    ports: [
      { port: 80, targetPort: 8080 },
      { protocol: "udp", port: 53 },
    ],
    labels: { tier: "front" },
  };
  const made = must<Service>(await post("/networks/n/services", options), 201);
  assert.deepEqual(
    { ...made, id: "", network: made.network.name, created: "" },
    {
      id: "",
      name: "web",
      network: "n",
      created: "",
      mode: "vip",
      ports: [
        { protocol: "tcp", port: 80, targetPort: 8080 },
        { protocol: "udp", port: 53, targetPort: 53 },
      ],
      ipv4: made.ipv4,
      drainMs: 0,
      labels: { tier: "front" },
      members: [],
      remoteMembers: [],
    },
  );
  assert.match(made.ipv4 ?? "", /^10\.9\.0\.\d+\/24$/);
  await attach("client");
  const one = await attach("m1", { service: { name: "web" } });
  const two = await attach("m2", { service: { name: "web", healthy: false } });
  assert.deepEqual([one.service, one.healthy], [{ id: made.id, name: "web" }, true]);
  assert.deepEqual([two.service?.name, two.healthy], ["web", false]);

  using inOne = namespaceOf(sandbox("m1"));
  using inTwo = namespaceOf(sandbox("m2"));
  await using tcp = await serve(inOne, { port: 8080 });
  await using first = await serve(inOne, { protocol: "udp", port: 53 });
  await using second = await serve(inTwo, { protocol: "udp", port: 53 });
  const address = withoutLength(made.ipv4);
  const servers = { m1: first, m2: second };
  const states = async () =>
    must<Service>(await get("/networks/n/services/web")).members.map(
      ({ endpoint, state, sandbox: its }) => `${endpoint.name} ${state} ${its?.containerId ?? "-"}`,
    );
  {
    using client = namespaceOf(sandbox("client"));
    const seen = await ask(client, { address, port: 80 });
    assert.equal(seen, withoutLength((await endpointOf(scene, "client")).ipv4), "the source stays");
    assert.equal(await canConnect(client, address, 8080), false, "only the service's own ports lead to it");
  }
  assert.equal(tcp.port, 8080);
  assert.deepEqual(await states(), ["m1 serving m1", "m2 unhealthy m2"]);
  assert.deepEqual(await reached(scene, address, 53, servers), ["m1"]);
  assert.equal(await look(sandbox("client"), "web"), address);

  const health = (id: string, healthy: unknown) => post(`/endpoints/${id}/health`, { healthy });
  assert.equal(must<Endpoint>(await health(two.id, true)).healthy, true);
  assert.deepEqual(await reached(scene, address, 53, servers), ["m1", "m2"]);
  assert.equal(must<Endpoint>(await health(one.id, false)).healthy, false);
  assert.deepEqual(await states(), ["m1 unhealthy m1", "m2 serving m2"]);
  assert.deepEqual(await reached(scene, address, 53, servers), ["m2"]);
  must(await post(`/endpoints/${two.id}/leave`));
  assert.deepEqual(await states(), ["m1 unhealthy m1", "m2 away -"]);
  assert.deepEqual(await reached(scene, address, 53, servers), []);

  assert.equal(must<Network>(await get("/networks/n")).services, 1);
  for (const path of [`/services/${made.id.slice(0, 12)}`, `/networks/n/services/${made.id}`])
    assert.equal(must<Service>(await get(path)).id, made.id);
  const docker = (query: string) => daemon.ask("GET", `/v1.45/networks/n${query}`);
  assert.ok(!("Services" in must<object>(await docker(""))), "Docker tells of services where it is asked to");
  const { Services } = must<{ Services: object }>(await docker("?verbose=1"));
  const [ipOfOne, ipOfTwo] = [withoutLength(one.ipv4), withoutLength(two.ipv4)];
  assert.deepEqual(Services, {
    web: {
      VIP: address,
      Ports: ["Target: 8080, Publish: 80", "Target: 53, Publish: 53"],
      LocalLBIndex: 0,
      Tasks: [
        { Name: "m1", EndpointID: one.id, EndpointIP: ipOfOne, Info: { State: "unhealthy" } },
        { Name: "m2", EndpointID: two.id, EndpointIP: ipOfTwo, Info: { State: "away" } },
      ],
    },
  });
  const busy = await daemon.ask("DELETE", `${base}/services/${made.id}`);
  assert.deepEqual([busy.status, codeOf(busy)], [403, "service_has_endpoints"]);
  for (const name of ["m1", "m2"])
    assert.equal((await daemon.ask("DELETE", `${base}/networks/n/endpoints/${name}?force=true`)).status, 204);
  const kept = await daemon.ask("DELETE", `${base}/networks/n`);
  assert.equal(kept.status, 403, kept.text);
  assert.equal((await daemon.ask("DELETE", `${base}/networks/n/services/web`)).status, 204);
  const gone = await get(`/services/${made.id}`);
  assert.deepEqual([gone.status, codeOf(gone)], [404, "service_not_found"]);
});

async function endpointOf({ get }: Scene, name: string): Promise<Endpoint> {
  return must<Endpoint>(await get(`/networks/n/endpoints/${name}`));
}

test("services are listed in pages and by filters, made once, and changed only as they were seen", async (t) => {
  const { daemon, post, get } = await started(t);
  must(await post("/networks", { name: "other" }), 201);
  const create = (network: string, body: object, headers = {}) =>
    post(`/networks/${network}/services`, body, headers);
  const key = { "idempotency-key": "k1" };
  const [one, two] = await Promise.all([
    create("n", { name: "web", mode: "dnsrr", labels: { tier: "a" } }, key),
    create("n", { name: "web", mode: "dnsrr", labels: { tier: "a" } }, key),
  ]);
  assert.deepEqual(must(one, 201), must(two, 201));
  must(await create("other", { name: "web" }), 201);
  must(await create("other", { name: "db", drainMs: 1000, ipv4: undefined }), 201);
  const listed = async (path: string) =>
    must<Page<Service>>(await get(path)).items.map(({ name, network }) => `${network.name}/${name}`);
  assert.deepEqual(await listed("/services"), ["n/web", "other/web", "other/db"]);
  assert.deepEqual(await listed("/services?network=other&name=d"), ["other/db"]);
  assert.deepEqual(await listed("/services?label=tier=a"), ["n/web"]);
  assert.deepEqual(await listed("/networks/other/services?name=we"), ["other/web"]);
  const page = must<Page<Service>>(await get("/services?limit=2"));
  assert.deepEqual(await listed(`/services?cursor=${page.next}`), ["other/db"]);

  const path = "/networks/n/services/web";
  const { headers } = await get(path);
  const endpoint = { name: "m1", service: { name: "web" } };
  must(await post("/networks/n/endpoints", endpoint), 201);
  const stale = await daemon.ask("DELETE", base + path, undefined, { "if-match": String(headers.etag) });
  assert.deepEqual([stale.status, codeOf(stale)], [412, "precondition_failed"]);
});

test("what is no service, or has no place, is refused with a code", async (t) => {
  const { post, get, attach } = await started(t);
  must(await post("/networks/n/services", { name: "web" }), 201);
  must(await post("/networks/n/services", { name: "pool", mode: "dnsrr" }), 201);
  const loose = await attach("loose");
  const services = "/networks/n/services";
  const refusals = [
    [services, { name: "web" }, 409, "service_name_in_use"],
    [services, { name: "a b" }, 400, "invalid_hostname"],
    [services, { nmae: "x" }, 400, "unknown_field"],
    [services, {}, 400, "invalid_field"],
    [services, { name: "x", mode: "ipvs" }, 400, "invalid_field"],
    [services, { name: "x", mode: "dnsrr", ports: [{ port: 80 }] }, 400, "contradictory_options"],
    [services, { name: "x", ports: [{ port: 80 }, { port: 80, targetPort: 81 }] }, 400, "invalid_port"],
    [services, { name: "x", ports: [{ port: 0 }] }, 400, "invalid_field"],
    [services, { name: "x", ports: [{ port: 80, protocol: "sctp" }] }, 400, "invalid_field"],
    [services, { name: "x", ipv4: "10.9.0.300" }, 400, "invalid_address"],
    [services, { name: "x", ipv4: "10.8.0.1" }, 400, "address_out_of_range"],
    [services, { name: "x", ipv6: "fd00::1" }, 400, "family_disabled"],
    [services, { name: "x", drainMs: -1 }, 400, "invalid_field"],
    ["/networks/nosuch/services", { name: "x" }, 404, "network_not_found"],
    ["/networks/host/services", { name: "x" }, 403, "network_without_names"],
    ["/networks/n/endpoints", { name: "e", service: { name: "wbe" } }, 404, "service_not_found"],
    ["/networks/n/endpoints", { name: "e", service: { nam: "web" } }, 400, "unknown_field"],
    [`/endpoints/${loose.id}/health`, { healthy: true }, 403, "endpoint_without_service"],
    [`/endpoints/${loose.id}/health`, { healthy: "yes" }, 400, "invalid_field"],
    [`/endpoints/${"0".repeat(64)}/health`, { healthy: true }, 404, "endpoint_not_found"],
  ] as const;
  for (const [path, body, status, code] of refusals) {
    const answer = await post(path, body);
    assert.deepEqual([answer.status, codeOf(answer)], [status, code], answer.text);
  }
  const near = await get(`${services}/wbe`);
  assert.deepEqual([near.status, codeOf(near)], [404, "service_not_found"]);
  assert.match(near.text, /did you mean \\"web\\"/);
  assert.deepEqual(must<Page<Service>>(await get(services)).items.length, 2);
});
