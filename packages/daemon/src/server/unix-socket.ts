/**
 * Listening on a unix socket: for root and one group, never for anybody else, and never in the place of another daemon.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Server as HttpServer } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import { files, type OwnedFd, tryLockName } from "@causeway/kernel";
import { conflict, invalid } from "@causeway/libnetwork";
import type { FastifyBaseLogger } from "fastify";
import { groupId } from "./group.ts";

/** sun_path of unix(7), without the NUL at its end. */
const longestPath = 107;

/**
 * @returns what holds the path until it is closed
 * @throws socket_in_use, socket_path_taken, socket_path_too_long, socket_directory_missing
 */
export async function listenOnUnixSocket(
  server: HttpServer,
  path: string,
  group: string,
  log: FastifyBaseLogger,
): Promise<OwnedFd> {
  if (Buffer.byteLength(path) > longestPath)
    throw invalid("socket_path_too_long", `socket: "${path}" is longer than ${longestPath} bytes`, path);
  if (!files.existsSync(dirname(path)))
    throw invalid(
      "socket_directory_missing",
      `socket: there is no directory ${dirname(path)}: make it first`,
      path,
    );
  const lock = tryLockName(`causeway-socket-${createHash("sha256").update(path).digest("hex").slice(0, 32)}`);
  if (lock === undefined) throw inUse(path);
  try {
    await clearPath(path);
    await bind(server, path);
    giveToGroup(path, group, log);
    return lock;
  } catch (error) {
    server.close();
    lock[Symbol.dispose]();
    throw error;
  }
}

/** Takes away what a daemon that died has left there. */
async function clearPath(path: string): Promise<void> {
  const found = files.lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket())
    throw conflict(
      "socket_path_taken",
      `socket: ${path} is there and no socket: move it away, or name another path`,
      path,
    );
  if (await answers(path)) throw inUse(path);
  files.rmSync(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    // Whatever else is the matter with it, it is not ours to take away.
    probe.once("error", ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== "ECONNREFUSED" && code !== "ENOENT"),
    );
  });
}

/** A socket can be connected to from the moment that it is bound: it is bound for root alone. */
async function bind(server: HttpServer, path: string): Promise<void> {
  const before = process.umask(0o177);
  try {
    // Node.js binds before it returns.
    server.listen(path);
  } finally {
    process.umask(before);
  }
  if (!server.listening) await once(server, "listening");
}

function giveToGroup(path: string, group: string, log: FastifyBaseLogger): void {
  const id = groupId(group);
  if (id === undefined) {
    log.warn(
      { group, path },
      `there is no group "${group}": the socket is for root alone (groupadd --system ${group})`,
    );
    return;
  }
  files.chownSync(path, process.geteuid?.() ?? 0, id);
  files.chmodSync(path, 0o660);
}

function inUse(path: string) {
  return conflict(
    "socket_in_use",
    `socket: another daemon listens on ${path}: end it, or name another path`,
    path,
  );
}
