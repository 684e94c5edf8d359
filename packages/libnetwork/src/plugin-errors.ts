/**
 * What a plugin's failure is to whoever called us: the SDK's codes and words, with a kind; and what is to be thought of the call.
 */
import { ConnectionError, PluginError, type PluginErrorCode } from "@causeway/plugin-sdk";
import { CausewayError, type ErrorKind } from "./errors.ts";

/** The plugin is not there, does not answer, or not in time: later it may. */
const absences: ReadonlySet<string> = new Set<PluginErrorCode>([
  "plugin_not_found",
  "plugin_unreachable",
  "plugin_timeout",
  "plugin_call_aborted",
  "plugin_address_invalid",
]);

/** Does what calls a plugin; the SDK's errors become ours, with the plugin's own as the cause. */
export async function asCausewayErrors<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof PluginError ? causewayError(error) : error;
  }
}

function causewayError(error: PluginError): CausewayError {
  const kind: ErrorKind = absences.has(error.code) ? "unavailable" : "internal";
  return new CausewayError(kind, error.code, error.message, { cause: error, detail: error.detail });
}

/** It is of a plugin's making: asking at once again helps nobody. */
export function isPluginError(error: unknown): error is CausewayError {
  return error instanceof CausewayError && error.code.startsWith("plugin_");
}

/** The plugin has answered, and not as was hoped for: later it would say the same. */
export function isRefused(error: unknown): boolean {
  return isPluginError(error) && !absences.has(error.code);
}

/**
 * The plugin may have done what it was asked for, although the call failed: its answer did not come, or could not be read. Of an answer
 * that says what it may not, the SDK has had it taken back.
 */
export function isUncertain(error: unknown): boolean {
  if (!isPluginError(error)) return false;
  if (error.cause instanceof ConnectionError && !error.cause.sent) return false;
  if (["plugin_unreachable", "plugin_timeout", "plugin_call_aborted"].includes(error.code)) return true;
  return ["plugin_answer_invalid", "plugin_answer_too_large"].includes(error.code) && !isUndone(error.detail);
}

function isUndone(detail: unknown): boolean {
  return typeof detail === "object" && detail !== null && "undone" in detail && detail.undone === true;
}
