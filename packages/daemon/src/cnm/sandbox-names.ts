/**
 * /cnm/v1/sandboxes/{sandbox}: questions in a sandbox's place, and what of its names is changed while it is there.
 */
import type { Sandbox as SandboxHandle } from "@causeway/libnetwork";
import type { FastifyPluginAsync } from "fastify";
import {
  Lookup,
  NoQuery,
  QuestionQuery,
  Sandbox,
  SandboxExtraHosts,
  SandboxPath,
  Trace,
} from "../api/index.ts";
import type { Typed } from "../server/server.ts";
import type { CnmContext } from "./context.ts";
import { answer } from "./etag.ts";
import { sandboxNamed } from "./find.ts";
import { lookupResource, traceResource } from "./name-resource.ts";
import { sandboxResource } from "./sandbox-resource.ts";
import { sandboxSubject } from "./subjects.ts";

export function sandboxNameRoutes(context: CnmContext): FastifyPluginAsync {
  const { controller, changes } = context;
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    const question = { params: SandboxPath, querystring: QuestionQuery };
    server.get(
      "/sandboxes/:sandbox/lookup",
      { schema: { ...question, response: { 200: Lookup } } },
      async ({ params, query: { name, ...options } }) =>
        lookupResource(await sandboxNamed(context, params.sandbox).resolve(name, options)),
    );
    server.get(
      "/sandboxes/:sandbox/trace",
      { schema: { ...question, response: { 200: Trace } } },
      async ({ params, query: { name, ...options } }) =>
        traceResource(await sandboxNamed(context, params.sandbox).trace(name, options), controller),
    );
    const change = { params: SandboxPath, querystring: NoQuery, response: { 200: Sandbox } };
    const services = {
      "enable-service": (sandbox: SandboxHandle) => sandbox.enableService(),
      "disable-service": (sandbox: SandboxHandle) => sandbox.disableService(),
    };
    for (const [path, action] of Object.entries(services))
      server.post(`/sandboxes/:sandbox/${path}`, { schema: change }, async (request, reply) => {
        const subject = sandboxSubject(context, request.params.sandbox);
        const changed = await changes.make(request, subject, async (sandbox) => {
          await action(sandbox);
          return sandboxResource(sandbox);
        });
        return answer(reply, changed);
      });
    server.post(
      "/sandboxes/:sandbox/extra-hosts",
      { schema: { ...change, body: SandboxExtraHosts } },
      async (request, reply) => {
        const subject = sandboxSubject(context, request.params.sandbox);
        const changed = await changes.make(request, subject, async (sandbox) => {
          await sandbox.setExtraHosts(request.body.extraHosts);
          return sandboxResource(sandbox);
        });
        return answer(reply, changed);
      },
    );
  };
}
