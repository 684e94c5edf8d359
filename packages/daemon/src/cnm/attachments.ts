/**
 * /cnm/v1/attachments: endpoint, sandbox and join in one.
 */
import type { FastifyPluginAsync } from "fastify";
import { Attachment, AttachmentCreate, NoQuery } from "../api/index.ts";
import type { Typed } from "../server/server.ts";
import { refuseReservedLabels } from "./containers-own.ts";
import type { CnmContext } from "./context.ts";
import { endpointResource } from "./endpoint-resource.ts";
import { answer } from "./etag.ts";
import { requireOwnNamespace } from "./foreign-namespaces.ts";
import { sandboxResource } from "./sandbox-resource.ts";
import { networkSubject } from "./subjects.ts";

export function attachmentRoutes({ controller, changes, creations }: CnmContext): FastifyPluginAsync {
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    server.post(
      "/attachments",
      { schema: { querystring: NoQuery, body: AttachmentCreate, response: { 201: Attachment } } },
      async (request, reply) => {
        const { network: reference, ...options } = request.body;
        const subject = networkSubject(controller, reference);
        const made = await creations.once(request, () =>
          changes.make(request, subject, async (network) => {
            requireOwnNamespace(request.caller, controller, options.sandbox ?? {});
            refuseReservedLabels(options.sandbox ?? {});
            const { endpoint, sandbox } = await controller.attach(network, options);
            return { endpoint: await endpointResource(endpoint), sandbox: sandboxResource(sandbox) };
          }),
        );
        return answer(reply.status(201), made);
      },
    );
  };
}
