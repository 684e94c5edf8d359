/**
 * Space that is kept for the day when the disk is full: a commit that lets go of something, a leave or a delete, needs a few pages
 * of the write-ahead log, and gets them by giving this file up. It is made again when there is room.
 */

import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { freeBytes } from "./failures.ts";

/** Enough for some thirty deletions between two checkpoints, each of which gives the log's space back. */
const reserveBytes = 256 * 1024;
/** The reserve is made where this much is free: it must not itself be what fills the disk. */
const plentyBytes = 4 * reserveBytes;

export class Reserve {
  readonly #path: string;
  #held: boolean;

  /** The reserve of a database file: `causeway.reserve` for `causeway.db`. */
  constructor(database: string) {
    const path = database.replace(/(\.db)?$/, ".reserve");
    this.#path = path;
    this.#held = statSync(path, { throwIfNoEntry: false })?.size === reserveBytes;
    this.renew();
  }

  /** Whether there was something to give up. */
  release(): boolean {
    const { size = 0 } = statSync(this.#path, { throwIfNoEntry: false }) ?? {};
    rmSync(this.#path, { force: true });
    this.#held = false;
    return size > 0;
  }

  /** Makes it where it is missing and there is room. That it cannot be made is no error: it is for another day. */
  renew(): void {
    if (this.#held || freeBytes(this.#path) < plentyBytes) return;
    try {
      const fd = openSync(this.#path, "w", 0o600);
      try {
        // Of what no file system can compress, or keep as a hole.
        writeSync(fd, randomBytes(reserveBytes));
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      this.#held = true;
    } catch {
      rmSync(this.#path, { force: true });
    }
  }
}
