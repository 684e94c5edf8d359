/**
 * The file operations of node:fs that we use, as gates of the seam (seam.ts). All but close() are synchronous: what
 * runs in libuv's pool is in another network namespace.
 */
import * as fs from "node:fs";
import { errnoOf, gated } from "./seam.ts";

/** Flags of openSync(). */
export const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = fs.constants;

/** node:fs, each function under its name there; where one is made to fail, it throws as Node.js does. */
export const files = gated(
  "file",
  {
    chmodSync: fs.chmodSync,
    chownSync: fs.chownSync,
    close: fs.close,
    closeSync: fs.closeSync,
    existsSync: fs.existsSync,
    fchmodSync: fs.fchmodSync,
    fstatSync: fs.fstatSync,
    fsyncSync: fs.fsyncSync,
    ftruncateSync: fs.ftruncateSync,
    linkSync: fs.linkSync,
    lstatSync: fs.lstatSync,
    mkdirSync: fs.mkdirSync,
    openSync: fs.openSync,
    readFileSync: fs.readFileSync,
    readSync: fs.readSync,
    readdirSync: fs.readdirSync,
    realpathSync: fs.realpathSync,
    renameSync: fs.renameSync,
    rmSync: fs.rmSync,
    rmdirSync: fs.rmdirSync,
    statSync: fs.statSync,
    statfsSync: fs.statfsSync,
    truncateSync: fs.truncateSync,
    unlinkSync: fs.unlinkSync,
    writeFileSync: fs.writeFileSync,
    writeSync: fs.writeSync,
  },
  (fault, { operation, subject }) => {
    const syscall = operation.replace(/(File)?Sync$/, "");
    const message = `${fault.code}: made to fail, ${syscall} '${subject}'`;
    throw Object.assign(new Error(message), {
      errno: -errnoOf(fault),
      code: fault.code,
      syscall,
      path: subject,
    });
  },
);
