/**
 * File descriptors kept back, so that taking away what was made succeeds in a process that has none left. They are given up for
 * an action that met EMFILE, and taken again after it.
 */

import { hasCause } from "./errors.ts";
import { files } from "./files.ts";

/**
 * The deepest action holds two at a time: a namespace and a socket in it. Work that goes on after the action (the reaper's, when it has no
 * thread) may keep two more.
 */
const size = 8;
const held: number[] = [];

/**
 * Makes sure that so many descriptors can still be opened: cheaper than to find out half way.
 *
 * @throws Error of node:fs, EMFILE
 */
export function requireDescriptors(count: number): void {
  const opened: number[] = [];
  try {
    while (opened.length < count) opened.push(files.openSync("/dev/null", "r"));
  } finally {
    for (const fd of opened) files.closeSync(fd);
  }
}

/**
 * Takes the descriptors, for the calling thread, if it has not got them.
 *
 * @throws Error of node:fs, EMFILE
 */
export function keepReserve(): void {
  while (held.length < size) held.push(files.openSync("/dev/null", "r"));
}

/**
 * Runs a synchronous action, and once more with the reserve given up when it found no descriptor: it must be one that can be
 * repeated. Costs nothing where there are descriptors.
 */
export function withReserve<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!hasCause(error, "EMFILE", "ENFILE") || held.length === 0) throw error;
    for (const fd of held.splice(0)) files.closeSync(fd);
    try {
      return action();
    } finally {
      refill();
    }
  }
}

/** As far as there are any. */
function refill(): void {
  try {
    keepReserve();
  } catch {
    // What the action kept is given back when its work is done: the next one tries again.
  }
}
