/**
 * /cnm/v1/adoptions: containers that somebody else starts, as `causeway oci-hook` tells of them.
 */
import { notFound } from "@causeway/libnetwork";
import type { FastifyPluginAsync } from "fastify";
import { Adopted, Adoption, ContainerPath, NoAnswer, NoQuery } from "../api/index.ts";
import { requireTrust } from "../server/caller.ts";
import type { Typed } from "../server/server.ts";
import { containerResource } from "./container-resource.ts";
import { refuseReservedLabels } from "./containers-own.ts";
import type { CnmContext } from "./context.ts";

export function adoptionRoutes({ containers }: CnmContext): FastifyPluginAsync {
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    server.put(
      "/adoptions/:container",
      { schema: { params: ContainerPath, querystring: NoQuery, body: Adoption, response: { 200: Adopted } } },
      async (request) => {
        const { container } = request.params;
        requireTrust(request.caller, "the namespace of a process");
        refuseReservedLabels(request.body);
        const adopted = await containers.adopt(container, request.body);
        if (adopted.sandbox === undefined)
          throw notFound("container_not_found", `No such container: ${container}`);
        const { hosts, hostname, resolvConf } = adopted.sandbox.files;
        return { container: containerResource(adopted), files: { hosts, hostname, resolvConf } };
      },
    );
    server.delete(
      "/adoptions/:container",
      { schema: { params: ContainerPath, querystring: NoQuery, response: { 204: NoAnswer } } },
      async ({ params: { container } }, reply) => {
        await containers.abandon(container);
        return reply.status(204).send(null);
      },
    );
  };
}
