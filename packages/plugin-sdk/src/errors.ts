/**
 * What went wrong between a plugin and whoever calls it: one class, a stable code.
 */
import { visible } from "./visible.ts";

/** Stable, to compare with. */
export type PluginErrorCode =
  /** Nothing of this name in the plugin directories. */
  | "plugin_not_found"
  /** Not a name that a plugin can have. */
  | "plugin_name_invalid"
  /** A .spec or .json file that says no address, or an address of a form that is not known. */
  | "plugin_address_invalid"
  /** No connection, for as long as it was tried; or one that broke. */
  | "plugin_unreachable"
  /** No answer in time. */
  | "plugin_timeout"
  /** Whoever called gave up. */
  | "plugin_call_aborted"
  /** More bytes than are read of an answer. */
  | "plugin_answer_too_large"
  /** An answer that is not what the protocol says. */
  | "plugin_answer_invalid"
  /** The plugin answered with an error of its own: `remote: <text>`. */
  | "plugin_refused"
  /** The plugin does not know the method (404). */
  | "plugin_method_unknown"
  /** The plugin is none of this kind: its handshake does not name the driver. */
  | "plugin_kind_missing"
  /** Capabilities that no driver can have. */
  | "plugin_capability_invalid"
  /** A request that is not what the protocol says. */
  | "request_invalid"
  /** More bytes than are read of a request. */
  | "request_too_large"
  /** A handler took longer than it may. */
  | "handler_timeout"
  /** Another process listens there. */
  | "socket_in_use"
  /** Something that is no socket is in its place. */
  | "socket_path_taken"
  | "socket_path_too_long"
  /** It would listen to other machines, and take anybody for root. */
  | "tcp_needs_tls"
  /** systemd handed over no socket of this name. */
  | "socket_not_handed_over"
  /** A recorded conversation that cannot be read. */
  | "recording_invalid";

export interface PluginErrorOptions {
  readonly cause?: unknown;
  /** The value that was refused, or what stands in the way: plain data. */
  readonly detail?: unknown;
}

/** Every error that this package throws on purpose. `code` is stable; `message` names the value and the mend and may change. */
export class PluginError extends Error {
  override readonly name = "PluginError";
  readonly code: PluginErrorCode;
  readonly detail: unknown;

  constructor(code: PluginErrorCode, message: string, options: PluginErrorOptions = {}) {
    // It may say what a plugin says, or somebody called it.
    super(visible(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
  }
}

/** What to say of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code of an error of Node.js or of ours; undefined where it has none. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
