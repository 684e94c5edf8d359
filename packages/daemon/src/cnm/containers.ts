/**
 * /cnm/v1/containers
 */
import { pipeline } from "node:stream/promises";
import type { FastifyPluginAsync, FastifyReply } from "fastify";
import {
  Container,
  ContainerCreate,
  ContainerCreated,
  ContainerDeleteQuery,
  ContainerDisconnect,
  ContainerEnded,
  ContainerExec,
  ContainerLogQuery,
  ContainerNetwork,
  ContainerPath,
  ContainerStop,
  Launch,
  NoAnswer,
  NoQuery,
  PageQuery,
  pageOf,
} from "../api/index.ts";
import { defaultLimits } from "../config/index.ts";
import { becomeStream } from "../server/overload.ts";
import type { Typed } from "../server/server.ts";
import { containerResource } from "./container-resource.ts";
import type { CnmContext } from "./context.ts";
import { answer, etagOf, requireMatch } from "./etag.ts";
import { pageOfItems } from "./page.ts";
import { containerSubject } from "./subjects.ts";

export function containerRoutes({ config, containers, changes, creations }: CnmContext): FastifyPluginAsync {
  const { answerTime } = { ...defaultLimits, ...config.limits };
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    const one = { params: ContainerPath, querystring: NoQuery };
    server.get(
      "/containers",
      { schema: { querystring: PageQuery, response: { 200: pageOf(Container) } } },
      async ({ query }) => pageOfItems(containers.list(), query, containerResource),
    );
    server.post(
      "/containers",
      { schema: { querystring: NoQuery, body: ContainerCreate, response: { 201: ContainerCreated } } },
      async (request, reply) => {
        const made = await creations.once(request, async () => {
          requireMatch(request, () => undefined);
          const { container, launch } = await containers.create(request.body, request.caller);
          return { container: containerResource(container), ...(launch !== undefined && { launch }) };
        });
        return reply.status(201).header("etag", etagOf(made.container)).send(made);
      },
    );
    server.get(
      "/containers/:container",
      { schema: { ...one, response: { 200: Container } } },
      async ({ params: { container } }, reply) => answer(reply, containerResource(containers.get(container))),
    );
    server.delete(
      "/containers/:container",
      { schema: { ...one, querystring: ContainerDeleteQuery, response: { 204: NoAnswer } } },
      async (request, reply) => {
        const force = request.query.force === true;
        const subject = containerSubject(containers, request.params.container);
        await changes.make(request, subject, ({ id }) => containers.remove(id, { force }));
        return reply.status(204).send(null);
      },
    );
    server.post(
      "/containers/:container/stop",
      { schema: { ...one, body: ContainerStop, response: { 204: NoAnswer } } },
      async (request, reply) => {
        // What it takes to end is the container's own affair: nobody else waits for that.
        const subject = containerSubject(containers, request.params.container);
        const { id } = await changes.make(request, subject, (found) => found);
        await containers.stop(id, request.body);
        return reply.status(204).send(null);
      },
    );
    server.post(
      "/containers/:container/connect",
      { schema: { ...one, body: ContainerNetwork, response: { 204: NoAnswer } } },
      async (request, reply) => {
        const subject = containerSubject(containers, request.params.container);
        await changes.make(request, subject, ({ id }) => containers.connect(id, request.body));
        return reply.status(204).send(null);
      },
    );
    server.post(
      "/containers/:container/disconnect",
      { schema: { ...one, body: ContainerDisconnect, response: { 204: NoAnswer } } },
      async (request, reply) => {
        const { container } = request.params;
        const { network, force = false } = request.body;
        // By force also what is left of one that is gone: there is nothing then that If-Match could name.
        if (force && containers.find(container) === undefined) {
          requireMatch(request, () => undefined);
          await containers.disconnect(container, network, { force });
        } else {
          const subject = containerSubject(containers, container);
          await changes.make(request, subject, ({ id }) => containers.disconnect(id, network, { force }));
        }
        return reply.status(204).send(null);
      },
    );
    server.post(
      "/containers/:container/exec",
      { schema: { ...one, body: ContainerExec, response: { 200: Launch } } },
      async ({ params: { container }, body }) => containers.exec(container, body),
    );
    server.get(
      "/containers/:container/wait",
      { exposeHeadRoute: false, schema: { ...one, response: { 200: ContainerEnded } } },
      async (request, reply) => {
        becomeStream(request);
        const exitCode = await containers.wait(request.params.container, gone(reply));
        return { exitCode };
      },
    );
    server.get(
      "/containers/:container/logs",
      { exposeHeadRoute: false, schema: { ...one, querystring: ContainerLogQuery } },
      async (request, reply) => {
        const { follow, tail } = request.query;
        if (follow === true) becomeStream(request);
        const written = containers.logs(request.params.container, {
          follow: follow === true,
          signal: gone(reply),
          ...(tail !== undefined && { tail }),
        });
        // The head goes at once: who follows a log in which nothing is written knows that it is there.
        const { raw } = reply.hijack();
        if (follow !== true) request.raw.socket.setTimeout(answerTime);
        raw.writeHead(200, { "content-type": "application/octet-stream" }).flushHeaders();
        // Whoever hangs up has what he wanted.
        await pipeline(written, raw).catch(() => undefined);
        return reply;
      },
    );
  };
}

/** Aborts when the client hangs up. */
function gone(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.on("close", () => controller.abort());
  return controller.signal;
}
