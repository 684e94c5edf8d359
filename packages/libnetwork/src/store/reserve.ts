/**
 * Space that is kept for the day when the disk is full: a commit that lets go of something, a leave or a delete, needs a few pages
 * of the write-ahead log, and gets them by giving this file up. It is made again when there is room.
 */

import { randomBytes } from "node:crypto";
import { files } from "@causeway/kernel";
import { freeBytes } from "./failures.ts";

/** A piece of it, of what no file system can compress, or keep as a hole. */
const pieceBytes = 64 * 1024;
const pieces = 20;
/** A quarter more than a full log: the database can take in all that is in it, and the log's own space is free then. */
const reserveBytes = pieces * pieceBytes;
/** The reserve is made where this much is free: it must not itself be what fills the disk. */
const plentyBytes = 2 * reserveBytes;

/** Pages (of 4 KiB) that the write-ahead log may hold before they are moved into the database. */
export const logPages = 256;

export class Reserve {
  readonly #path: string;
  #held: boolean;

  /** The reserve of a database file: `causeway.reserve` for `causeway.db`. */
  constructor(database: string) {
    const path = database.replace(/(\.db)?$/, ".reserve");
    this.#path = path;
    this.#held = sizeOf(path) === reserveBytes;
    this.renew();
  }

  /** Whether there was something to give up. */
  release(): boolean {
    const size = sizeOf(this.#path);
    if (size > 0) files.rmSync(this.#path);
    this.#held = false;
    return size > 0;
  }

  /** Makes it where it is missing and there is room. That it cannot be made is no error: it is for another day. */
  renew(): void {
    if (this.#held || freeBytes(this.#path) < plentyBytes) return;
    try {
      // What a killed run left; and never through a FIFO or a link.
      files.rmSync(this.#path, { force: true });
      this.#make();
      this.#held = true;
    } catch {
      // What is there of it is given up like the whole, or made anew.
    }
  }

  #make(): void {
    const fd = files.openSync(this.#path, "wx", 0o600);
    try {
      const piece = randomBytes(pieceBytes);
      for (let count = 0; count < pieces; count++) files.writeSync(fd, piece);
      files.fsyncSync(fd);
    } finally {
      files.closeSync(fd);
    }
  }
}

/** Bytes of a file; 0 where there is none, or something else. */
function sizeOf(path: string): number {
  const there = files.lstatSync(path, { throwIfNoEntry: false });
  return there?.isFile() ? there.size : 0;
}
