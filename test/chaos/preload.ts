// Loaded into every thread of a process of trials (NODE_OPTIONS=--import): gives the reaper's thread the guard of the trial that
// started it.

import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";
import { setGuard } from "@causeway/kernel";
import { makeGuard, Signals, type Strike } from "./guard.ts";

const key = "causeway chaos";

interface Handed {
  readonly strike: Strike;
  readonly buffer: SharedArrayBuffer;
}

/** Guards this thread, and those that it starts from now on. */
export function guardThreads(strike: Strike, signals: Signals): void {
  setEnvironmentData(key, { strike, buffer: signals.buffer });
  setGuard(makeGuard(strike, signals));
}

export function unguardThreads(): void {
  setEnvironmentData(key, undefined);
  setGuard(undefined);
}

if (!isMainThread) {
  const handed = getEnvironmentData(key) as Handed | undefined;
  if (handed !== undefined) setGuard(makeGuard(handed.strike, new Signals(handed.buffer)));
}
