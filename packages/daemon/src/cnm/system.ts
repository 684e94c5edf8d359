/**
 * The daemon itself: version, topology, health, backups, log level.
 */
import { release } from "node:os";
import { join } from "node:path";
import { files } from "@causeway/kernel";
import { type Topology as LiveTopology, type NetworkController, topologyText } from "@causeway/libnetwork";
import type { FastifyPluginAsync } from "fastify";
import { Backup, BackupCreate, Health, LogLevel, NoQuery, Repair, Topology, Version } from "../api/index.ts";
import { requirePresence } from "../server/presence.ts";
import type { Typed } from "../server/server.ts";
import { serverVersion } from "../server/version.ts";
import type { CnmContext } from "./context.ts";
import { answer, requireMatch } from "./etag.ts";
import { nameOf } from "./sandbox-resource.ts";

export function systemRoutes(context: CnmContext): FastifyPluginAsync {
  const { controller } = context;
  return async (server) => {
    server.get(
      "/version",
      { schema: { querystring: NoQuery, response: { 200: Version } } },
      async (_request, reply) => answer(reply, versionOf(context)),
    );
    server.get(
      "/topology",
      { schema: { querystring: NoQuery, response: { 200: Topology } } },
      async (request, reply) => {
        const topology = await controller.topology();
        // Drawn, for who asks for text: the command line, curl -H 'accept: text/plain'.
        if (request.headers.accept !== "text/plain") return topology;
        return reply
          .type("text/plain; charset=utf-8")
          .send(topologyText(withNames(topology, controller)) as never);
      },
    );
    server.get("/doctor", { schema: { querystring: NoQuery, response: { 200: Health } } }, () =>
      controller.inspectHealth(),
    );
    server.post(
      "/repair",
      { schema: { querystring: NoQuery, response: { 200: Repair } } },
      async (request) => {
        requirePresence(request);
        return controller.repair();
      },
    );
    await server.register(backupRoutes(context));
    await server.register(logLevelRoutes(context));
  };
}

function versionOf({ controller, config, started }: CnmContext): Version {
  return {
    version: serverVersion,
    api: { cnm: "1", docker: "1.51", dockerMinimum: "1.24" },
    node: process.version,
    kernel: release(),
    drivers: [...controller.builtinDrivers()],
    ipamDrivers: [...controller.builtinIpamDrivers()],
    stateDir: config.controller.stateDir,
    runDir: config.controller.runDir,
    pid: process.pid,
    started: started.toISOString(),
  };
}

function backupRoutes({ controller, config, creations }: CnmContext): FastifyPluginAsync {
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    const directory = join(config.controller.stateDir, "backups");
    server.post(
      "/backups",
      { schema: { querystring: NoQuery, body: BackupCreate, response: { 201: Backup } } },
      async (request, reply) => {
        const made = await creations.once(request, async () => {
          requireMatch(request, () => undefined);
          requirePresence(request);
          const { name = nameOfNow(), overwrite = false } = request.body;
          files.mkdirSync(directory, { recursive: true, mode: 0o700 });
          // The schema lets no name through that leads elsewhere.
          const { path } = await controller.backup(join(directory, name), { overwrite });
          return { path, bytes: files.statSync(path).size };
        });
        return answer(reply.status(201), made);
      },
    );
  };
}

function nameOfNow(): string {
  return `${new Date().toISOString().replaceAll(/[-:]/g, "").replace("T", "-").replace("Z", "")}.db`;
}

function logLevelRoutes({ log, changes }: CnmContext): FastifyPluginAsync {
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    // Whoever has the daemon in his own process may have silenced it: of what can be set, fatal says the least.
    const level = () => ({ level: log.level === "silent" ? "fatal" : (log.level as LogLevel["level"]) });
    const subject = { find: level, resource: () => level(), keys: () => ["log-level"] };
    server.get(
      "/log-level",
      { schema: { querystring: NoQuery, response: { 200: LogLevel } } },
      async (_request, reply) => answer(reply, level()),
    );
    server.put(
      "/log-level",
      { schema: { querystring: NoQuery, body: LogLevel, response: { 200: LogLevel } } },
      async (request, reply) => {
        await changes.make(request, subject, () => {
          log.level = request.body.level;
        });
        return answer(reply, level());
      },
    );
  };
}

/** Containers of ours by their names, as people know them. */
function withNames(topology: LiveTopology, controller: NetworkController): LiveTopology {
  const sandboxes = topology.sandboxes.map((shown) => {
    const sandbox = controller.sandboxById(shown.id);
    return sandbox === undefined ? shown : { ...shown, containerId: nameOf(sandbox) };
  });
  return { ...topology, sandboxes };
}
