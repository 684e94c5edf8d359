// Docker's Engine API: every answer holds what its schema says, and nothing else; and the OpenAPI document has all routes.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { TSchema } from "typebox";
import { Value } from "typebox/value";
import { TestDaemon } from "../support/daemon.ts";

interface Operation {
  readonly tags?: readonly string[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: TSchema }>> }>
  >;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

test("answers are what the OpenAPI document says", async (t) => {
  const daemon = await TestDaemon.start(t, { controller: { defaultNetwork: {} } });
  const { controller } = daemon.daemon;
  const created = await daemon.ask("POST", "/networks/create", {
    Name: "n1",
    EnableIPv6: true,
    IPAM: { Config: [{ Subnet: "10.81.0.0/24", AuxiliaryAddresses: { a: "10.81.0.9" } }] },
    Labels: { a: "b" },
  });
  const n1 = controller.networkByName("n1");
  assert.ok(n1 !== undefined);
  const endpoint = { publish: [{ containerPort: 80, hostPort: 8080 }], exposedPorts: ["81/tcp"] };
  await controller.attach(n1, { containerId: "c1", endpoint, sandbox: { dns: ["10.0.0.1"] } });
  await controller.newSandbox("c2", { useHostNetwork: true });
  const { body } = await daemon.ask("GET", "/cnm/v1/openapi.json");
  const { paths, components } = body as Document;
  const check = (path: string, method: string, status: number, answer: unknown) => {
    const told = paths[path]?.[method]?.responses ?? {};
    const content = (told[status] ?? told[`${Math.floor(status / 100)}XX`])?.content?.["application/json"];
    assert.ok(content !== undefined, `${method} ${path} ${status} is not in the document`);
    const schema = { $defs: components.schemas, ...content.schema };
    const local = JSON.parse(JSON.stringify(schema).replaceAll("#/components/schemas/", "#/$defs/"));
    const problems = [...Value.Errors(local, answer)].map(
      ({ instancePath, message }) => `${instancePath} ${message}`,
    );
    assert.deepEqual(problems, [], `${path}: ${JSON.stringify(answer)}`);
  };
  check("/networks/create", "post", 201, created.body);
  for (const [asked, path] of [
    ["/networks", "/networks"],
    ["/networks/n1", "/networks/{id}"],
    ["/networks/bridge", "/networks/{id}"],
    ["/containers/json?all=1&size=1", "/containers/json"],
    ["/containers/c1/json", "/containers/{id}/json"],
    ["/containers/c2/json?size=1", "/containers/{id}/json"],
    ["/version", "/version"],
    ["/info", "/info"],
  ] as const) {
    const answer = await daemon.ask("GET", asked);
    assert.equal(answer.status, 200, answer.text);
    check(path, "get", 200, answer.body);
  }
  const refused = await daemon.ask("GET", "/networks/zz");
  check("/networks/{id}", "get", 404, refused.body);
  const events = await daemon.ask("GET", `/events?since=1&until=${(Date.now() - 1) / 1000}`);
  for (const line of events.text.trim().split("\n")) check("/events", "get", 200, JSON.parse(line));
  const docker = Object.entries(paths).filter(([, operations]) =>
    Object.values(operations).some(({ tags }) => tags?.includes("Docker Engine API") === true),
  );
  assert.deepEqual(docker.map(([path]) => path).sort(), [
    "/_ping",
    "/containers/json",
    "/containers/{id}/json",
    "/events",
    "/info",
    "/networks",
    "/networks/create",
    "/networks/prune",
    "/networks/{id}",
    "/networks/{id}/connect",
    "/networks/{id}/disconnect",
    "/version",
  ]);
  for (const { id } of controller.sandboxes())
    await controller.sandboxById(id)?.delete({ endpoints: "delete" });
});
