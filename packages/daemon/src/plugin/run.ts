/**
 * `causeway plugin serve`: from its options to the end of the process.
 */
import {
  CausewayError,
  type HealingEvent,
  messageOf,
  PluginHost,
  type PluginHostOptions,
} from "@causeway/libnetwork";
import { PluginError, servePlugin } from "@causeway/plugin-sdk";
import type { Logger } from "pino";
import { ServiceManager } from "../lifecycle/service-manager.ts";
import { openLog } from "../log/log.ts";
import { logCall } from "./call-log.ts";

/** As texts of a command line; what is left out is at its default. */
export interface PluginOptions {
  /** What users say: `docker network create -d NAME`. */
  readonly name: string;
  /** Default: /var/lib/causeway/plugins/NAME. */
  readonly stateDir?: string;
  /** Default: what systemd hands over, or /run/docker/plugins/NAME.sock. */
  readonly socket?: string;
  /** Network namespace that dockerd is in. Default: the process's own. */
  readonly hostNamespace?: string;
  /** Default: made of the name. */
  readonly firewallTable?: string;
  /** `base=10.0.0.0/8,size=24`. */
  readonly defaultAddressPools?: readonly string[];
  /** Where we turned forwarding on: what is not ours is forwarded, too. Default: false. */
  readonly allowForeignForwarding?: boolean;
  /** Docker's own rules are told to let our networks be. Default: true. */
  readonly dockerFilter?: boolean;
  /** What somebody takes away in the kernel is put back. Default: true. */
  readonly selfHeal?: boolean;
  readonly logLevel?: string;
  readonly logFormat?: "auto" | "json" | "text";
}

/** The command line is wrong: systemd does not start again what ends so. */
const usage = 2;

/** How long calls that have begun may take when it ends, seconds. */
const drainSeconds = 10;

/** @returns the exit status, when the plugin has ended */
export async function runPlugin(options: PluginOptions): Promise<number> {
  using manager = new ServiceManager(process.env);
  const { name, logLevel = "info", logFormat = "auto" } = options;
  using log = openLog({ logLevel, logFormat } as Parameters<typeof openLog>[0]);
  const { logger } = log;
  try {
    await using host = await PluginHost.open({
      ...hostOptions(options),
      onProblem: (error) => logger.warn({ err: error }, messageOf(error)),
      onHealth: (event) => tellHealth(logger, event),
    });
    const { socket } = options;
    await using server = await servePlugin(
      { name, network: host.network, ipam: host.ipam },
      {
        ...(socket !== undefined && { socket }),
        grace: drainSeconds * 1000,
        onCall: (call) => logCall(logger, call),
      },
    );
    const { networks, endpoints } = host.objects;
    logger.info({ name, url: server.url, pid: process.pid, networks, endpoints }, "ready");
    manager.ready(`${name} answers on ${server.url}`);
    await server.untilSignal();
    logger.info("ended");
    return 0;
  } catch (error) {
    logger.fatal({ err: error }, messageOf(error));
    manager.failed(messageOf(error));
    return isUsage(error) ? usage : 1;
  }
}

function hostOptions(options: PluginOptions): PluginHostOptions {
  const { name, stateDir, hostNamespace, firewallTable, defaultAddressPools = [] } = options;
  const { allowForeignForwarding = false, dockerFilter = true, selfHeal = true } = options;
  return {
    stateDir: stateDir ?? `/var/lib/causeway/plugins/${name}`,
    firewallTable: firewallTable ?? `plugin_${name.replaceAll(/\W/g, "_")}`.slice(0, 32),
    ...(hostNamespace !== undefined && { hostNamespace }),
    defaultAddressPools: defaultAddressPools.map(poolRange),
    dockerFilter,
    selfHeal,
    drivers: { bridge: { allowForeignForwarding } },
  };
}

/** What it is not, the controller's own check says. */
function poolRange(text: string): { base?: string; size?: number } {
  const { base, size } = Object.fromEntries(text.split(",").map((part) => part.split("=", 2)));
  return { ...(base !== undefined && { base }), ...(size !== undefined && { size: Number(size) }) };
}

function tellHealth(logger: Logger, { type, name, attributes }: HealingEvent): void {
  const { messages, reason, unheard, codes } = attributes;
  const level = type === "health:mended" ? "info" : "warn";
  logger[level](
    { type, ...attributes },
    `${name}: ${messages ?? unheard ?? codes}${reason === undefined ? "" : `: ${reason}`}`,
  );
}

function isUsage(error: unknown): boolean {
  if (error instanceof PluginError) return error.code === "plugin_name_invalid";
  return error instanceof CausewayError && error.kind === "invalid";
}
