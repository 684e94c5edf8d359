// Names through the CNM API: records, names of networks, questions in a sandbox's place, changes while it is there.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type {
  Endpoint,
  ErrorBody,
  Lookup,
  NameRecords,
  Network,
  NetworkName,
  Page,
  Sandbox,
  Trace,
} from "@causeway/daemon/api";
import { type Answer, TestDaemon } from "../support/daemon.ts";
import { look } from "../support/dns-asker.ts";

const base = "/cnm/v1";
const codeOf = ({ body }: Answer) => (body as ErrorBody).error.code;

function must<T>({ status, text, body }: Answer, expected = 200): T {
  assert.equal(status, expected, text);
  return body as T;
}

async function started(t: Parameters<typeof TestDaemon.start>[0]) {
  const daemon = await TestDaemon.start(t, { controller: { resolver: true } });
  const sandbox = (containerId: string) => {
    const found = daemon.daemon.controller.findSandbox(containerId);
    assert.ok(found);
    return found;
  };
  const attach = async (network: string, containerId: string, more: object = {}) => {
    const body = { network, containerId, ...more };
    return must<{ endpoint: Endpoint; sandbox: Sandbox }>(
      await daemon.ask("POST", `${base}/attachments`, body),
      201,
    );
  };
  return { daemon, sandbox, attach };
}

test("records are added once, listed, held against what was seen, and taken away", async (t) => {
  const { daemon, sandbox, attach } = await started(t);
  must(await daemon.ask("POST", `${base}/networks`, { name: "n", dnsTtl: 30 }), 201);
  await attach("n", "web");
  const records = `${base}/networks/n/records`;
  const wanted = [
    { name: "db", type: "A", address: "192.0.2.1" },
    { name: "db", type: "TXT", texts: ["hello"], ttl: 5 },
    { name: "_sip._udp.phone", type: "SRV", port: 5060, target: "web" },
  ];
  const add = (headers = {}) => daemon.ask("POST", records, { records: wanted }, headers);
  const key = { "idempotency-key": "k1" };
  const [one, two] = await Promise.all([add(key), add(key)]);
  assert.deepEqual(must(one), must(two));
  assert.deepEqual(must<NameRecords>(one).records, [
    { name: "db", type: "A", ttl: 600, address: "192.0.2.1" },
    { name: "db", type: "TXT", ttl: 5, texts: ["hello"] },
    { name: "_sip._udp.phone", type: "SRV", ttl: 600, priority: 0, weight: 0, port: 5060, target: "web" },
  ]);
  assert.equal(await look(sandbox("web"), "db"), "192.0.2.1");
  const again = await add();
  assert.deepEqual([again.status, codeOf(again)], [409, "record_exists"]);
  assert.equal(must<Network>(await daemon.ask("GET", `${base}/networks/n`)).records, 3);

  const seen = await daemon.ask("GET", records);
  const etag = { "if-match": String(seen.headers.etag) };
  const removal = { records: [{ name: "DB", type: "A" }] };
  const left = must<NameRecords>(await daemon.ask("POST", `${records}/remove`, removal, etag));
  assert.deepEqual(
    left.records.map(({ type }) => type),
    ["TXT", "SRV"],
  );
  const stale = await daemon.ask("POST", `${records}/remove`, { records: [{ name: "db" }] }, etag);
  assert.deepEqual([stale.status, codeOf(stale)], [412, "precondition_failed"]);
  const gone = await daemon.ask("POST", `${records}/remove`, removal);
  assert.deepEqual([gone.status, codeOf(gone)], [404, "record_not_found"]);
  assert.equal(await look(sandbox("web"), "db"), "");
});

test("what is no record, or has no place, is refused with a code", async (t) => {
  const { daemon } = await started(t);
  must(await daemon.ask("POST", `${base}/networks`, { name: "n" }), 201);
  const refusals = [
    ["n/records", { records: [{ name: "a", type: "A" }] }, 400, "invalid_record"],
    ["n/records", { records: [{ name: "a", type: "A", address: "::1" }] }, 400, "invalid_address"],
    ["n/records", { records: [{ name: "a b", type: "A", address: "10.0.0.1" }] }, 400, "invalid_hostname"],
    ["n/records", { records: [{ name: "a", type: "PTR", target: "b" }] }, 400, "invalid_field"],
    ["n/records", { records: [{ nmae: "a", type: "A" }] }, 400, "unknown_field"],
    ["n/records/remove", { records: [] }, 400, "invalid_field"],
    [
      "host/records",
      { records: [{ name: "a", type: "A", address: "10.0.0.1" }] },
      403,
      "network_without_names",
    ],
    ["nosuch/records", { records: [] }, 404, "network_not_found"],
  ] as const;
  for (const [path, body, status, code] of refusals) {
    const answer = await daemon.ask("POST", `${base}/networks/${path}`, body);
    assert.deepEqual([answer.status, codeOf(answer)], [status, code], answer.text);
  }
  const tooMany = Array.from({ length: 1001 }, (_, at) => ({
    name: `n${at}`,
    type: "A",
    address: "10.0.0.1",
  }));
  const many = await daemon.ask("POST", `${base}/networks/n/records`, { records: tooMany });
  assert.equal(many.status, 400);
});

test("names of a network are those of its endpoints in sandboxes, and change while they are there", async (t) => {
  const { daemon, sandbox, attach } = await started(t);
  must(await daemon.ask("POST", `${base}/networks`, { name: "n", dnsTtl: 30 }), 201);
  const options = { aliases: ["www", "*.app.local"], namedPorts: [{ name: "http", port: 8080 }] };
  const { endpoint } = await attach("n", "web", { endpointName: "e1", endpoint: options });
  await attach("n", "other", { endpoint: { links: { db: "web" } } });
  must(await daemon.ask("POST", `${base}/networks/n/endpoints`, { name: "idle" }), 201);
  const list = async () =>
    must<Page<NetworkName>>(await daemon.ask("GET", `${base}/networks/n/names?limit=10`)).items;
  const [first, second] = await list();
  assert.deepEqual(first, {
    endpoint: endpoint.id,
    sandbox: endpoint.sandbox?.id,
    names: ["e1", "www", "*.app.local", "web"],
    ipv4: endpoint.ipv4?.split("/")[0],
    namedPorts: [{ name: "http", protocol: "tcp", port: 8080 }],
    ttl: 30,
  });
  assert.deepEqual([second?.names, (await list()).length], [["other"], 2]);
  const { next } = must<Page<NetworkName>>(await daemon.ask("GET", `${base}/networks/n/names?limit=1`));
  assert.ok(next);

  assert.equal(await look(sandbox("other"), "db"), first?.ipv4);
  const names = `${base}/endpoints/${endpoint.id}/names`;
  const renamed = await daemon.ask("POST", names, { aliases: ["shop"], links: { o: "other" } });
  const { aliases, links, namedPorts } = must<Endpoint>(renamed);
  assert.deepEqual([aliases, links, namedPorts.length], [["shop"], { o: "other" }, 1]);
  assert.equal(await look(sandbox("other"), "shop"), first?.ipv4);
  assert.equal(await look(sandbox("other"), "www"), "SERVFAIL");
  const stale = await daemon.ask("POST", names, { aliases: [] }, { "if-match": '"other"' });
  assert.equal(stale.status, 412);
  const bad = await daemon.ask("POST", names, { aliases: ["a b"] });
  assert.deepEqual([bad.status, codeOf(bad)], [400, "invalid_hostname"]);

  for (const [path, enabled, told] of [
    ["disable-service", false, "SERVFAIL"],
    ["enable-service", true, first?.ipv4],
  ] as const) {
    const changed = must<Sandbox>(await daemon.ask("POST", `${base}/sandboxes/web/${path}`));
    assert.equal(changed.serviceEnabled, enabled);
    assert.equal(await look(sandbox("other"), "shop"), told);
  }
});

test("a question in a sandbox's place is answered, and told how; by its name, an id, or its container's name", async (t) => {
  const { daemon, attach } = await started(t);
  must(await daemon.ask("POST", `${base}/networks`, { name: "n" }), 201);
  const { endpoint, sandbox } = await attach("n", "web", { sandbox: { labels: { x: "1" } } });
  await attach("n", "other");
  const address = endpoint.ipv4?.split("/")[0];
  const ask = (path: string) => daemon.ask("GET", `${base}/sandboxes/${path}`);
  const lookup = must<Lookup>(await ask("other/lookup?name=web"));
  assert.deepEqual(
    [lookup.rcode, lookup.type, lookup.answers],
    ["NOERROR", "A", [{ name: "web", type: "A", ttl: 0, value: address }]],
  );
  assert.equal(must<Lookup>(await ask("other/lookup?name=web&type=AAAA")).answers.length, 0);
  assert.equal(must<Lookup>(await ask(`other/lookup?name=${address}`)).answers[0]?.value, "web.n");
  const trace = must<Trace>(await ask(`${sandbox.id.slice(0, 12)}/trace?name=web.n`));
  assert.deepEqual(trace.steps.map(({ at, by, found, endpoints }) => [at, by, found, endpoints]).at(-1), [
    "network",
    "network name",
    "endpoints",
    [{ id: endpoint.id, name: "web" }],
  ]);
  const refusals = [
    ["other/lookup", 400, "invalid_field"],
    ["other/lookup?name=x&type=NONSENSE", 400, "unknown_record_type"],
    [`other/lookup?name=${"x".repeat(64)}`, 400, "invalid_name"],
    ["nosuch/trace?name=x", 404, "sandbox_not_found"],
  ] as const;
  for (const [path, status, code] of refusals) {
    const answer = await ask(path);
    assert.deepEqual([answer.status, codeOf(answer)], [status, code], answer.text);
  }
  must(await daemon.ask("POST", `${base}/sandboxes`, { containerId: "alone" }), 201);
  const off = await ask("alone/lookup?name=x");
  assert.deepEqual([off.status, codeOf(off)], [409, "resolver_off"]);
});

test("host-gateway is the host in the sandbox's own network, wherever that is", async (t) => {
  const { daemon, sandbox, attach } = await started(t);
  for (const at of [1, 2])
    must(
      await daemon.ask("POST", `${base}/networks`, {
        name: `n${at}`,
        ipv6: true,
        ipam: { config: [{ subnet: `10.8.${at}.0/24` }, { subnet: `fd00:8:${at}::/64` }] },
      }),
      201,
    );
  const extraHosts = [{ name: "host.internal", address: "host-gateway" }];
  const { endpoint } = await attach("n1", "c", { sandbox: { extraHosts } });
  const hosts = () => readFileSync(sandbox("c").files.hosts, "utf8");
  assert.match(hosts(), /^10\.8\.1\.1\thost\.internal\nfd00:8:1::1\thost\.internal$/m);
  assert.equal(await look(sandbox("c"), "host.internal"), "10.8.1.1");
  await daemon.ask("DELETE", `${base}/endpoints/${endpoint.id}?force=true`);
  assert.doesNotMatch(hosts(), /host\.internal/);
  await daemon.ask("POST", `${base}/networks/n2/endpoints`, { name: "e" });
  const [made] = daemon.daemon.controller.networkByName("n2")?.endpoints() ?? [];
  must(await daemon.ask("POST", `${base}/endpoints/${made?.id}/join`, { sandbox: "c" }));
  assert.match(hosts(), /^10\.8\.2\.1\thost\.internal$/m);

  const given = { extraHosts: [{ name: "gate", address: "192.0.2.1" }] };
  const changed = must<Sandbox>(await daemon.ask("POST", `${base}/sandboxes/c/extra-hosts`, given));
  assert.deepEqual(changed.extraHosts, given.extraHosts);
  assert.deepEqual([/host\.internal/.test(hosts()), /^192\.0\.2\.1\tgate$/m.test(hosts())], [false, true]);
  const wrong = await daemon.ask("POST", `${base}/sandboxes/c/extra-hosts`, {
    extraHosts: [{ name: "x", address: "host-gate" }],
  });
  assert.deepEqual([wrong.status, codeOf(wrong)], [400, "invalid_address"]);
});
