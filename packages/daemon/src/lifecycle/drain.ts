/**
 * The end of a server: what has begun may finish, and nothing begins.
 */
import type { Logger } from "pino";
import type { InFlight } from "./in-flight.ts";

export interface Drain {
  /** How long what is in flight may take. */
  readonly seconds: number;
  /** Whoever does not want to wait. */
  readonly hurry: AbortSignal;
  readonly log: Logger;
}

/**
 * While requests are waited for, new ones are answered with 503; then nobody is listened to, and what is left is cut off.
 *
 * @param hangUp closes the server, with all its connections
 */
export async function drainServer(
  hangUp: () => Promise<unknown>,
  inFlight: InFlight,
  { seconds, hurry, log }: Drain,
): Promise<void> {
  inFlight.drain();
  if (inFlight.count > 0) log.info({ requests: inFlight.count, seconds }, "waiting for requests");
  const late = AbortSignal.timeout(seconds * 1000);
  if (!(await inFlight.idle(AbortSignal.any([late, hurry]))))
    log.warn({ requests: inFlight.count }, "requests were cut off");
  await hangUp();
}
