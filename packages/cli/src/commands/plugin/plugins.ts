/**
 * Which plugins there are, as this machine's directories say: no daemon is asked. The SDK is loaded when it is needed.
 */
import type { FoundPlugin, PluginErrorCode } from "@causeway/plugin-sdk";
import { CliError, exitCodes, messageOf, usageError } from "../../errors.ts";
import { suggestion } from "../../output/nearest.ts";

const statuses: Partial<Record<PluginErrorCode, number>> = {
  plugin_not_found: exitCodes.notFound,
  plugin_unreachable: exitCodes.unavailable,
  plugin_timeout: exitCodes.unavailable,
  plugin_name_invalid: exitCodes.usage,
};

/** For completion. */
export async function pluginNames(): Promise<readonly string[]> {
  const { listPlugins } = await import("@causeway/plugin-sdk");
  return listPlugins();
}

/** @param target a name, the path of a socket, or a URL as it stands in a .spec */
export async function pluginAt(target: string): Promise<FoundPlugin> {
  const { findPlugin, parseAddress } = await import("@causeway/plugin-sdk");
  try {
    if (target.includes("://")) return { name: target, address: parseAddress(target), source: target };
    if (target.includes("/"))
      return { name: target, address: { kind: "unix", path: target }, source: target };
    return findPlugin(target);
  } catch (error) {
    const { code } = await said(error);
    if (code === "plugin_address_invalid") throw usageError(messageOf(error));
    if (code !== "plugin_not_found") throw await failureOf(error);
    const hint = suggestion(target, await pluginNames());
    throw new CliError(exitCodes.notFound, `${messageOf(error)}${hint}`);
  }
}

/** @returns what a command ends with; what is none of the SDK's errors, as it is */
export async function failureOf(error: unknown): Promise<unknown> {
  const { code } = await said(error);
  if (code === undefined) return error;
  return new CliError(statuses[code] ?? exitCodes.refused, messageOf(error), { cause: error });
}

async function said(error: unknown): Promise<{ readonly code?: PluginErrorCode }> {
  const { PluginError } = await import("@causeway/plugin-sdk");
  return error instanceof PluginError ? { code: error.code } : {};
}
