/**
 * /cnm/v1/containers, and /cnm/v1/adoptions for containers that somebody else starts.
 */
import { Readable } from "node:stream";
import { type Endpoint, notFound } from "@causeway/libnetwork";
import type { FastifyPluginAsync, FastifyReply } from "fastify";
import Type from "typebox";
import {
  Adopted,
  Adoption,
  Container,
  ContainerCreate,
  ContainerCreated,
  ContainerDisconnect,
  ContainerEnded,
  ContainerExec,
  ContainerNetwork,
  ContainerStop,
  Launch,
  PageQuery,
  pageOf,
  strict,
} from "../api/index.ts";
import type { ContainerInfo } from "../containers/contract.ts";
import { requireTrust } from "../server/caller.ts";
import { becomeStream } from "../server/overload.ts";
import type { Typed } from "../server/server.ts";
import type { Subject } from "./changes.ts";
import type { CnmContext } from "./context.ts";
import { answer, requireMatch } from "./etag.ts";
import { pageOfItems } from "./page.ts";

const params = Type.Object({ container: Type.String({ maxLength: 256 }) });
const one = { params };
const emptyAnswer = { 204: Type.Null() };

const flag = Type.Optional(Type.Boolean());
const LogQuery = Type.Object(
  { follow: flag, tail: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000 })) },
  strict,
);

export function containerRoutes(context: CnmContext): FastifyPluginAsync {
  const { containers, creations, changes } = context;
  const subject = (reference: string): Subject<ContainerInfo> => ({
    find: () => containers.get(reference),
    resource: containerResource,
    keys: ({ id, sandbox }) => [id, ...(sandbox === undefined ? [] : [sandbox.id])],
  });
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    server.get(
      "/containers",
      { schema: { querystring: PageQuery, response: { 200: pageOf(Container) } } },
      async ({ query }) => pageOfItems(containers.list(), query, containerResource),
    );
    server.post(
      "/containers",
      { schema: { body: ContainerCreate, response: { 201: ContainerCreated } } },
      async (request, reply) => {
        const made = await creations.once(request, async () => {
          requireMatch(request, () => undefined);
          const { container, launch } = await containers.create(request.body, request.caller);
          return { container: containerResource(container), ...(launch !== undefined && { launch }) };
        });
        return reply.status(201).send(made);
      },
    );
    server.get(
      "/containers/:container",
      { schema: { ...one, response: { 200: Container } } },
      async ({ params: { container } }, reply) => answer(reply, containerResource(containers.get(container))),
    );
    server.delete(
      "/containers/:container",
      { schema: { ...one, querystring: Type.Object({ force: flag }, strict), response: emptyAnswer } },
      async (request, reply) => {
        const force = request.query.force === true;
        await changes.make(request, subject(request.params.container), ({ id }) =>
          containers.remove(id, { force }),
        );
        return reply.status(204).send(null);
      },
    );
    server.post(
      "/containers/:container/stop",
      { schema: { ...one, body: ContainerStop, response: emptyAnswer } },
      async (request, reply) => {
        // What it takes to end is the container's own affair: nobody else waits for that.
        const { id } = await changes.make(request, subject(request.params.container), (found) => found);
        await containers.stop(id, request.body);
        return reply.status(204).send(null);
      },
    );
    server.post(
      "/containers/:container/connect",
      { schema: { ...one, body: ContainerNetwork, response: emptyAnswer } },
      async (request, reply) => {
        await changes.make(request, subject(request.params.container), ({ id }) =>
          containers.connect(id, request.body),
        );
        return reply.status(204).send(null);
      },
    );
    server.post(
      "/containers/:container/disconnect",
      { schema: { ...one, body: ContainerDisconnect, response: emptyAnswer } },
      async (request, reply) => {
        const { container } = request.params;
        const { network, force = false } = request.body;
        // By force also what is left of one that is gone: there is nothing then that If-Match could name.
        if (force && containers.find(container) === undefined) {
          requireMatch(request, () => undefined);
          await containers.disconnect(container, network, { force });
        } else {
          await changes.make(request, subject(container), ({ id }) =>
            containers.disconnect(id, network, { force }),
          );
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
      { schema: { ...one, response: { 200: ContainerEnded } } },
      async (request, reply) => {
        becomeStream(request);
        const exitCode = await containers.wait(request.params.container, gone(reply));
        return { exitCode };
      },
    );
    server.get(
      "/containers/:container/logs",
      { schema: { ...one, querystring: LogQuery } },
      async (request, reply) => {
        const { follow, tail } = request.query;
        if (follow === true) becomeStream(request);
        const written = containers.logs(request.params.container, {
          follow: follow === true,
          signal: gone(reply),
          ...(tail !== undefined && { tail }),
        });
        return reply.type("application/octet-stream").send(Readable.from(written, { objectMode: false }));
      },
    );
    await server.register(adoptionRoutes(context));
  };
}

/** What `causeway oci-hook` asks for. */
function adoptionRoutes({ containers }: CnmContext): FastifyPluginAsync {
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    server.put(
      "/adoptions/:container",
      { schema: { ...one, body: Adoption, response: { 200: Adopted } } },
      async (request) => {
        const { container } = request.params;
        requireTrust(request.caller, "the namespace of a process");
        const adopted = await containers.adopt(container, request.body);
        if (adopted.sandbox === undefined)
          throw notFound("container_not_found", `No such container: ${container}`);
        const { hosts, hostname, resolvConf } = adopted.sandbox.files;
        return { container: containerResource(adopted), files: { hosts, hostname, resolvConf } };
      },
    );
    server.delete(
      "/adoptions/:container",
      { schema: { ...one, response: emptyAnswer } },
      async ({ params: { container } }, reply) => {
        await containers.abandon(container);
        return reply.status(204).send(null);
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

function containerResource(container: ContainerInfo): Container {
  const { id, name, kind, path, command, created, state, pid, exitCode, started, finished, sandbox } =
    container;
  const { removeWhenEnded, hostname, labels } = container;
  return {
    id,
    name,
    kind,
    ...(path !== undefined && { path }),
    command: [...command],
    created: created.toISOString(),
    state,
    ...(pid !== undefined && { pid }),
    ...(exitCode !== undefined && { exitCode }),
    ...(started !== undefined && { started: started.toISOString() }),
    ...(finished !== undefined && { finished: finished.toISOString() }),
    removeWhenEnded,
    ...(sandbox !== undefined && { sandbox: sandbox.id }),
    ...(sandbox?.key !== undefined && { netnsPath: sandbox.key }),
    ...(hostname !== undefined && { hostname }),
    labels: { ...labels },
    networks: sandbox?.endpoints().map(connectionResource) ?? [],
  };
}

function connectionResource(endpoint: Endpoint): Container["networks"][number] {
  const { id, network, mac, ipv4, ipv6, aliases, bindings } = endpoint;
  const { interfaceName } = endpoint.info();
  return {
    network: { id: network.id, name: network.name },
    endpoint: id,
    mac,
    ...(ipv4 !== undefined && { ipv4 }),
    ...(ipv6 !== undefined && { ipv6 }),
    ...(interfaceName !== undefined && { interfaceName }),
    aliases: [...aliases],
    bindings: bindings.map((binding) => ({ ...binding })),
  };
}
