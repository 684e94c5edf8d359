/**
 * What the log of a plugin says of a call: nothing much where all went well, one line of what somebody asked for amiss, and where it went
 * wrong in ours or nobody knows where, the whole of it.
 */
import { CausewayError, messageOf } from "@causeway/libnetwork";
import { type EndedCall, PluginError } from "@causeway/plugin-sdk";
import type { Logger } from "pino";

export function logCall(logger: Pick<Logger, "debug" | "info" | "error">, call: EndedCall): void {
  const { method, status, took, error } = call;
  const fields = { method, status, ms: Math.round(took * 100) / 100 };
  if (error === undefined) logger.debug(fields, "call");
  else if (isForAsker(error)) logger.info({ ...fields, code: error.code }, error.message);
  else logger.error({ ...fields, err: error }, messageOf(error));
}

/** Whoever asked is told what to do about it, and where in our code it was found helps nobody. */
function isForAsker(error: unknown): error is CausewayError | PluginError {
  return error instanceof PluginError || (error instanceof CausewayError && error.kind !== "internal");
}
