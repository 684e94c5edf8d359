/**
 * /cnm/v1/networks/{network}/names and /records: what is found in a network, and what users put there.
 */
import type { FastifyPluginAsync } from "fastify";
import {
  NameRecords,
  NameRecordsAdd,
  NameRecordsRemove,
  NetworkName,
  NetworkPath,
  NoQuery,
  PageQuery,
  pageOf,
} from "../api/index.ts";
import type { Typed } from "../server/server.ts";
import type { CnmContext } from "./context.ts";
import { answer } from "./etag.ts";
import { networkNamed } from "./find.ts";
import { nameResource, recordsResource } from "./name-resource.ts";
import { pageOfItems } from "./page.ts";
import { recordsSubject } from "./subjects.ts";

/** When endpoints of other hosts were made nobody tells: they come last. */
const elsewhere = Number.MAX_SAFE_INTEGER;

export function networkNameRoutes({ controller, changes, creations }: CnmContext): FastifyPluginAsync {
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    const one = { params: NetworkPath, querystring: NoQuery };
    server.get(
      "/networks/:network/names",
      { schema: { ...one, querystring: PageQuery, response: { 200: pageOf(NetworkName) } } },
      async ({ params, query }) => {
        const network = networkNamed(controller, params.network);
        const listed = network.names().map((name) => ({
          id: name.endpointId,
          created: network.endpointById(name.endpointId)?.record.created ?? elsewhere,
          name,
        }));
        return pageOfItems(listed, query, ({ name }) => nameResource(name));
      },
    );
    server.get(
      "/networks/:network/records",
      { schema: { ...one, response: { 200: NameRecords } } },
      async ({ params }, reply) => answer(reply, recordsResource(networkNamed(controller, params.network))),
    );
    server.post(
      "/networks/:network/records",
      { schema: { ...one, body: NameRecordsAdd, response: { 200: NameRecords } } },
      async (request, reply) => {
        const subject = recordsSubject(controller, request.params.network);
        const all = await creations.once(request, () =>
          changes.make(request, subject, async (network) => {
            await network.addRecords(request.body.records);
            return recordsResource(network);
          }),
        );
        return answer(reply, all);
      },
    );
    server.post(
      "/networks/:network/records/remove",
      { schema: { ...one, body: NameRecordsRemove, response: { 200: NameRecords } } },
      async (request, reply) => {
        const subject = recordsSubject(controller, request.params.network);
        const left = await changes.make(request, subject, async (network) => {
          await network.removeRecords(request.body.records);
          return recordsResource(network);
        });
        return answer(reply, left);
      },
    );
  };
}
