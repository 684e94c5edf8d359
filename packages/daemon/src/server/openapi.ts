/**
 * The OpenAPI document of both APIs, made from the routes' schemas.
 */
import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { serverVersion } from "./version.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** To be called before routes are registered: it collects them. */
export async function collectOpenApi(server: FastifyInstance): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Causeway",
        version: serverVersion,
        description:
          "The CNM API below /cnm/v1, and Docker's Engine API as far as networks and containers go.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      tags: [{ name: "CNM API" }, { name: "Docker Engine API" }],
    },
    exposeHeadRoutes: false,
  });
}

/** To be called when the server is ready. What has a title stands once, among the components. */
export function openApiDocument(server: FastifyInstance): Json {
  const document = JSON.parse(JSON.stringify(server.swagger())) as Readonly<Record<string, Json>>;
  const schemas = new Map<string, Json>();
  const paths = shared(document.paths ?? {}, schemas);
  const sorted = Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { ...document, paths, components: { schemas: sorted } };
}

/** The same with references in the place of schemas that have a title. */
function shared(value: Json, schemas: Map<string, Json>): Json {
  if (Array.isArray(value)) return value.map((item: Json) => shared(item, schemas));
  if (typeof value !== "object" || value === null) return value;
  const object = value as Readonly<Record<string, Json>>;
  const inner = Object.fromEntries(
    Object.entries(object).map(([name, content]) => [name, shared(content, schemas)]),
  );
  const { title, ...schema } = inner;
  if (typeof title !== "string" || typeof schema.type !== "string") return inner;
  const known = schemas.get(title);
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema)) return inner;
  schemas.set(title, schema);
  return { $ref: `#/components/schemas/${title}` };
}
