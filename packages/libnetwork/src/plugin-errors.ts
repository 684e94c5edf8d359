/**
 * What a plugin's failure is to whoever called us: the SDK's codes and words, with a kind; and what is to be thought of the call.
 */
import { PluginError, type PluginErrorCode } from "@causeway/plugin-sdk";
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
