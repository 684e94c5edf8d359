/**
 * /cnm/v1/sandboxes
 */
import type { FastifyPluginAsync } from "fastify";
import {
  NoQuery,
  pageOf,
  Sandbox,
  SandboxCreate,
  SandboxDeleteQuery,
  SandboxKey,
  SandboxPath,
  SandboxQuery,
  SandboxRefresh,
  SandboxRename,
} from "../api/index.ts";
import type { Typed } from "../server/server.ts";
import { refuseContainersSandbox, refuseReservedLabels } from "./containers-own.ts";
import type { CnmContext } from "./context.ts";
import { answer, requireMatch } from "./etag.ts";
import { passes } from "./filter.ts";
import { sandboxNamed } from "./find.ts";
import { requireOwnNamespace } from "./foreign-namespaces.ts";
import { pageOfItems } from "./page.ts";
import { sandboxResource } from "./sandbox-resource.ts";
import { sandboxSubject } from "./subjects.ts";

export function sandboxRoutes(context: CnmContext): FastifyPluginAsync {
  const { controller, changes, creations, containers } = context;
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    server.get(
      "/sandboxes",
      { schema: { querystring: SandboxQuery, response: { 200: pageOf(Sandbox) } } },
      async ({ query }) => {
        const sandboxes = controller.sandboxes().filter((sandbox) => passes(sandbox, query));
        return pageOfItems(sandboxes, query, sandboxResource);
      },
    );
    server.post(
      "/sandboxes",
      { schema: { querystring: NoQuery, body: SandboxCreate, response: { 201: Sandbox } } },
      async (request, reply) => {
        const { containerId, ...options } = request.body;
        const made = await creations.once(request, async () => {
          requireMatch(request, () => undefined);
          requireOwnNamespace(request.caller, controller, options);
          refuseReservedLabels(options);
          return sandboxResource(await controller.newSandbox(containerId, options));
        });
        return answer(reply.status(201), made);
      },
    );
    server.get(
      "/sandboxes/:sandbox",
      { schema: { params: SandboxPath, querystring: NoQuery, response: { 200: Sandbox } } },
      async ({ params }, reply) => answer(reply, sandboxResource(sandboxNamed(context, params.sandbox))),
    );
    server.delete(
      "/sandboxes/:sandbox",
      { schema: { params: SandboxPath, querystring: SandboxDeleteQuery } },
      async (request, reply) => {
        const subject = sandboxSubject(context, request.params.sandbox);
        await changes.make(request, subject, (sandbox) => {
          refuseContainersSandbox(containers, sandbox, "delete");
          return sandbox.delete(request.query);
        });
        return reply.status(204).send();
      },
    );
    await server.register(sandboxChanges(context));
  };
}

/** What is done with a sandbox that is there. */
function sandboxChanges(context: CnmContext): FastifyPluginAsync {
  const { controller, changes, containers } = context;
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    const change = { params: SandboxPath, querystring: NoQuery, response: { 200: Sandbox } };
    server.post(
      "/sandboxes/:sandbox/refresh",
      { schema: { ...change, body: SandboxRefresh } },
      async (request, reply) => {
        const subject = sandboxSubject(context, request.params.sandbox);
        const changed = await changes.make(request, subject, async (sandbox) => {
          await sandbox.refresh(request.body);
          return sandboxResource(sandbox);
        });
        return answer(reply, changed);
      },
    );
    server.post(
      "/sandboxes/:sandbox/key",
      { schema: { ...change, body: SandboxKey } },
      async (request, reply) => {
        const key = request.body.path;
        requireOwnNamespace(request.caller, controller, { key });
        const subject = sandboxSubject(context, request.params.sandbox);
        const changed = await changes.make(request, subject, async (sandbox) => {
          refuseContainersSandbox(containers, sandbox, "key");
          await sandbox.setKey(key);
          return sandboxResource(sandbox);
        });
        return answer(reply, changed);
      },
    );
    server.post(
      "/sandboxes/:sandbox/rename",
      { schema: { ...change, body: SandboxRename } },
      async (request, reply) => {
        const subject = sandboxSubject(context, request.params.sandbox);
        const changed = await changes.make(request, subject, async (sandbox) => {
          refuseContainersSandbox(containers, sandbox, "rename");
          await sandbox.rename(request.body.containerId);
          return sandboxResource(sandbox);
        });
        return answer(reply, changed);
      },
    );
  };
}
