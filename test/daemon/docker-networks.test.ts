// Docker's Engine API: networks.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TestDaemon } from "../support/daemon.ts";

interface Message {
  readonly message: string;
}

function message({ body }: { readonly body: unknown }): string {
  return (body as Message).message;
}

const filters = (given: unknown) => `filters=${encodeURIComponent(JSON.stringify(given))}`;

test("a network is made with everything that Docker's request holds, and inspected by id, name and beginning of its id", async (t) => {
  const daemon = await TestDaemon.start(t);
  const made = await daemon.ask("POST", "/v1.41/networks/create", {
    Name: "n1",
    CheckDuplicate: true,
    Driver: "bridge",
    EnableIPv6: true,
    Internal: true,
    Attachable: true,
    Ingress: false,
    IPAM: {
      Driver: "default",
      Options: { a: "b" },
      Config: [
        {
          Subnet: "10.81.0.0/16",
          IPRange: "10.81.2.0/24",
          Gateway: "10.81.2.9",
          AuxiliaryAddresses: { router: "10.81.2.3" },
        },
        { Subnet: "fd00:81::/64" },
      ],
    },
    Options: { "com.docker.network.bridge.name": "n1bridge" },
    Labels: { k: "v" },
  });
  assert.equal(made.status, 201, made.text);
  const { Id, Warning } = made.body as { Id: string; Warning: string };
  assert.match(Id, /^[0-9a-f]{64}$/);
  assert.equal(Warning, "");
  for (const reference of [Id, "n1", Id.slice(0, 12)]) {
    const { body } = await daemon.ask("GET", `/networks/${reference}`);
    const { Created, ...network } = body as { Created: string };
    assert.ok(Date.parse(Created) > 0);
    assert.deepEqual(network, {
      Name: "n1",
      Id,
      Scope: "local",
      Driver: "bridge",
      EnableIPv4: true,
      EnableIPv6: true,
      IPAM: {
        Driver: "default",
        Options: { a: "b" },
        Config: [
          {
            Subnet: "10.81.0.0/16",
            IPRange: "10.81.2.0/24",
            Gateway: "10.81.2.9",
            AuxiliaryAddresses: { router: "10.81.2.3" },
          },
          { Subnet: "fd00:81::/64" },
        ],
      },
      Internal: true,
      Attachable: true,
      Ingress: false,
      ConfigFrom: { Network: "" },
      ConfigOnly: false,
      Containers: {},
      Options: { "com.docker.network.bridge.name": "n1bridge" },
      Labels: { k: "v" },
    });
  }
});

test("a body is read as Go reads it: names in any case, null for absent, the unknown ignored, and wrong types in its words", async (t) => {
  const daemon = await TestDaemon.start(t);
  const create = (body: unknown) => daemon.ask("POST", "/networks/create", body);
  const loose = await create({ nAME: "n1", labels: null, ipam: { CONFIG: null }, Nonsense: [1] });
  assert.equal(loose.status, 201, loose.text);
  const refusals: [body: unknown, words: string][] = [
    [
      { Name: 1 },
      "json: cannot unmarshal number into Go struct field NetworkCreateRequest.Name of type string",
    ],
    [
      { Name: "x", Labels: { a: 1 } },
      "json: cannot unmarshal number into Go struct field NetworkCreateRequest.Labels of type string",
    ],
    [
      { Name: "x", IPAM: { Config: [{ Subnet: 5 }] } },
      "json: cannot unmarshal number into Go struct field IPAMConfig.IPAM.Config.Subnet of type string",
    ],
    [
      { Name: "x", IPAM: [] },
      "json: cannot unmarshal array into Go struct field NetworkCreateRequest.IPAM of type network.IPAM",
    ],
    [
      { Name: "x", Internal: "yes" },
      "json: cannot unmarshal string into Go struct field NetworkCreateRequest.Internal of type bool",
    ],
    [[], "json: cannot unmarshal array into Go value of type types.NetworkCreateRequest"],
    [{}, "invalid name: "],
    ["", "got EOF while reading request body"],
  ];
  for (const [body, words] of refusals) {
    const { status, text } = await create(body);
    assert.deepEqual([status, text], [400, JSON.stringify({ message: words })]);
  }
  const text = await daemon.ask("POST", "/networks/create", '{"Name":"x"}', { "content-type": "text/plain" });
  assert.equal(message(text), "Content-Type specified (text/plain) must be 'application/json'");
});

test("what is refused is refused with Docker's status and words, and leaves nothing", async (t) => {
  const daemon = await TestDaemon.start(t, { controller: { defaultNetwork: {} } });
  const create = (body: unknown) => daemon.ask("POST", "/networks/create", body);
  await create({ Name: "n1", IPAM: { Config: [{ Subnet: "10.81.0.0/16" }] } });
  await create({ Name: "config", ConfigOnly: true, IPAM: { Config: [{ Subnet: "10.82.0.0/16" }] } });
  await create({ Name: "user", ConfigFrom: { Network: "config" } });
  const before = await daemon.ask("GET", "/networks");
  const refusals: [method: string, path: string, body: unknown, status: number, words: string][] = [
    ["POST", "/networks/create", { Name: "n1" }, 409, "network with name n1 already exists"],
    ["POST", "/networks/create", { Name: "x", Driver: "zz" }, 404, 'plugin "zz" not found'],
    ["POST", "/networks/create", { Name: "x", IPAM: { Driver: "zz" } }, 404, 'plugin "zz" not found'],
    [
      "POST",
      "/networks/create",
      { Name: "x", Driver: "host" },
      403,
      'only one instance of "host" network is allowed',
    ],
    [
      "POST",
      "/networks/create",
      { Name: "bridge" },
      403,
      "operation is not permitted on predefined bridge network ",
    ],
    [
      "POST",
      "/networks/create",
      { Name: "x", IPAM: { Config: [{ Subnet: "10.81.0.0/16" }] } },
      403,
      "Pool overlaps with other one on this address space",
    ],
    [
      "POST",
      "/networks/create",
      { Name: "x", ConfigFrom: { Network: "zz" } },
      404,
      'configuration network "zz" does not exist',
    ],
    ["DELETE", "/networks/bridge", undefined, 403, "bridge is a pre-defined network and cannot be removed"],
    ["DELETE", "/networks/none", undefined, 403, "none is a pre-defined network and cannot be removed"],
    [
      "DELETE",
      "/networks/config",
      undefined,
      403,
      'error while removing network: configuration network "config" is in use',
    ],
    ["DELETE", "/networks/zz", undefined, 404, "network zz not found"],
    ["GET", "/networks/zz", undefined, 404, "network zz not found"],
    ["GET", "/networks/n1?scope=swarm", undefined, 404, "network n1 not found"],
    [
      "GET",
      "/networks/n1?verbose=zz",
      undefined,
      400,
      'invalid value for verbose: zz: strconv.ParseBool: parsing "zz": invalid syntax',
    ],
    ["GET", `/networks?${filters({ zz: { a: true } })}`, undefined, 400, "Invalid filter 'zz'"],
    [
      "GET",
      `/networks?${filters({ dangling: { a: true } })}`,
      undefined,
      400,
      'invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")',
    ],
    ["GET", `/networks?${filters({ type: ["a"] })}`, undefined, 400, "invalid filter: 'type'='a'"],
    ["GET", "/networks/", undefined, 404, "network  not found"],
    ["PATCH", "/networks", undefined, 404, "page not found"],
    ["GET", "/v1.41/nothing", undefined, 404, "page not found"],
  ];
  for (const [method, path, body, status, words] of refusals) {
    const answer = await daemon.ask(method, path, body);
    assert.deepEqual([answer.status, message(answer)], [status, words], `${method} ${path}`);
    assert.equal(answer.headers["content-type"], "application/json");
  }
  assert.equal((await daemon.ask("GET", "/networks")).text, before.text);
});

test("every filter of the list finds what it is for, and leaves the rest out", async (t) => {
  const daemon = await TestDaemon.start(t, { controller: { defaultNetwork: {} } });
  await daemon.ask("POST", "/networks/create", { Name: "alpha", Labels: { env: "test", tier: "1" } });
  await daemon.ask("POST", "/networks/create", { Name: "alpine", Labels: { env: "live" } });
  const names = async (given: unknown) => {
    const { body, text } = await daemon.ask("GET", `/networks?${filters(given)}`);
    assert.ok(Array.isArray(body), text);
    return body.map(({ Name }: { Name: string }) => Name).sort();
  };
  const { body } = await daemon.ask("GET", "/networks/alpha");
  const { Id } = body as { Id: string };
  assert.deepEqual(await names({ name: { alp: true } }), ["alpha", "alpine"]);
  assert.deepEqual(await names({ name: { "^alpha$": true } }), ["alpha"]);
  assert.deepEqual(await names({ name: { "a.p(ine|ita)": true } }), ["alpine"]);
  assert.deepEqual(await names({ name: ["alpha", "host"] }), ["alpha", "host"]);
  assert.deepEqual(await names({ id: { [Id.slice(0, 20)]: true } }), ["alpha"]);
  assert.deepEqual(await names({ driver: { host: true, null: true } }), ["host", "none"]);
  assert.deepEqual(await names({ label: { env: true } }), ["alpha", "alpine"]);
  assert.deepEqual(await names({ label: { "env=test": true, tier: true } }), ["alpha"]);
  assert.deepEqual(await names({ type: { builtin: true } }), ["bridge", "host", "none"]);
  assert.deepEqual(await names({ type: { custom: true } }), ["alpha", "alpine"]);
  assert.deepEqual(await names({ dangling: { true: true } }), ["alpha", "alpine"]);
  assert.deepEqual(await names({ dangling: { false: true } }), ["bridge", "host", "none"]);
  assert.deepEqual(await names({ scope: { local: true }, name: { alpha: true } }), ["alpha"]);
  assert.deepEqual(await names({ scope: { swarm: true } }), []);
  // Of one field any value is enough, of labels all count, and so do all fields.
  assert.deepEqual(await names({ label: { "env=test": true, "env=live": true } }), []);
  assert.deepEqual(await names({ label: { env: true }, name: { alpine: true } }), ["alpine"]);
  assert.deepEqual(await names({ idOrName: { alpha: true } }), ["alpha"]);
  assert.deepEqual(await names({ idOrName: { [Id.slice(0, 20)]: true } }), ["alpha"]);
  assert.deepEqual(await names({ idOrName: { alph: true } }), []);
  await daemon.daemon.controller.networkByName("alpine")?.createEndpoint("web");
  assert.deepEqual(await names({ dangling: { true: true } }), ["alpha"]);
  assert.deepEqual(await names({ dangling: { "0": true } }), ["alpine", "bridge", "host", "none"]);
});

test("a network is found by its name before the beginning of another's id", async (t) => {
  const daemon = await TestDaemon.start(t);
  const made = await daemon.ask("POST", "/networks/create", { Name: "first" });
  const { Id } = made.body as { Id: string };
  const Name = Id.slice(0, 6);
  const second = await daemon.ask("POST", "/networks/create", { Name });
  assert.equal(second.status, 201, second.text);
  const { body } = await daemon.ask("GET", `/networks/${Name}`);
  assert.equal((body as { Id: string }).Id, (second.body as { Id: string }).Id);
  assert.equal((await daemon.ask("DELETE", `/networks/${Name}`)).status, 204);
  const { body: left } = await daemon.ask("GET", `/networks/${Name}`);
  assert.equal((left as { Name: string }).Name, "first");
});

test("prune takes unused networks away, by label and age, and tells which", async (t) => {
  const daemon = await TestDaemon.start(t);
  const prune = async (given: unknown) =>
    (await daemon.ask("POST", `/networks/prune?${filters(given)}`)).text;
  for (const [Name, Labels] of Object.entries({ n1: { keep: "1" }, n2: { old: "1" }, n3: {} })) {
    await daemon.ask("POST", "/networks/create", { Name, Labels });
  }
  assert.equal(await prune({ until: { "10m": true } }), '{"NetworksDeleted":null}');
  assert.equal(await prune({ label: { old: true } }), '{"NetworksDeleted":["n2"]}');
  assert.equal(await prune({ "label!": { keep: true } }), '{"NetworksDeleted":["n3"]}');
  assert.equal(await prune({ until: { "0s": true } }), '{"NetworksDeleted":["n1"]}');
  assert.match(await prune({ until: { zz: true } }), /failed to parse value as time or duration/);
});

test("prune leaves alone what somebody is in, and takes a configuration away with the networks that have it", async (t) => {
  const daemon = await TestDaemon.start(t);
  await daemon.ask("POST", "/networks/create", { Name: "used" });
  await daemon.daemon.controller.networkByName("used")?.createEndpoint("web");
  await daemon.ask("POST", "/networks/create", { Name: "config", ConfigOnly: true });
  await daemon.ask("POST", "/networks/create", { Name: "configured", ConfigFrom: { Network: "config" } });
  const twice = await daemon.ask("POST", `/networks/prune?${filters({ until: { "1s": true, "0s": true } })}`);
  assert.deepEqual([twice.status, message(twice)], [400, "more than one until filter specified"]);
  const { text } = await daemon.ask("POST", "/networks/prune");
  assert.equal(text, '{"NetworksDeleted":["configured","config"]}');
  assert.equal((await daemon.ask("GET", "/networks/used")).status, 200);
});

test("versions from 1.24 to 1.51 are spoken, and others refused", async (t) => {
  const daemon = await TestDaemon.start(t);
  const old = await daemon.ask("GET", "/v1.23/version");
  assert.deepEqual(
    [old.status, message(old)],
    [
      400,
      "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version",
    ],
  );
  const young = await daemon.ask("GET", "/v1.52/version");
  assert.deepEqual(
    [young.status, message(young)],
    [400, "client version 1.52 is too new. Maximum supported API version is 1.51"],
  );
  for (const prefix of ["", "/v1.24", "/v1.51"])
    assert.equal((await daemon.ask("GET", `${prefix}/version`)).status, 200);
  for (const method of ["GET", "HEAD"]) {
    const { status, text, headers } = await daemon.ask(method, "/v1.41/_ping");
    assert.deepEqual([status, text], [200, method === "GET" ? "OK" : ""]);
    assert.equal(headers["api-version"], "1.51");
    assert.equal(headers.ostype, "linux");
    assert.equal(headers["docker-experimental"], "false");
    assert.equal(headers["cache-control"], "no-cache, no-store, must-revalidate");
  }
  for (const path of ["/images/json", "/build", "/v1.41/volumes", "/containers/x/exec"]) {
    const answer = await daemon.ask("POST", path);
    assert.equal(answer.status, 501, path);
    assert.match(message(answer), /not supported by Causeway/);
  }
});
