/**
 * causeway plugin check
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { CheckOptions, Report } from "@causeway/plugin-sdk";
import { Option } from "commander";
import type { CommandDefinition } from "../../command.ts";
import { exitCodes, usageError } from "../../errors.ts";
import { jsonLines } from "../../output/json.ts";
import { whileWaiting } from "../../output/progress.ts";
import { collect, given, strictPairs } from "../options.ts";
import { failureOf, pluginAt } from "./plugins.ts";
import { reportLines } from "./report-text.ts";

interface Options {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly opt?: readonly string[];
  readonly ipamOpt?: readonly string[];
  readonly subnet?: readonly string[];
  readonly subnetIpv6?: string;
  readonly sandboxKey?: string;
  readonly pool?: string;
  readonly address?: readonly string[];
  readonly ipRange?: string;
  readonly restart?: string;
  readonly timeout: string;
}

export const check: CommandDefinition<Options> = {
  define: (command) =>
    command
      .argument("<plugin>", "its name, the path of its socket, or its URL")
      .addOption(new Option("--json", "the report, as data").conflicts("all"))
      .option("-a, --all", "every clause, not what is broken alone")
      .option("-o, --opt <option>", "NAME=VALUE for its networks, as with docker network create", collect)
      .option("--subnet <cidr>", "of its two networks: give it twice (10.211.0.0/24, 10.212.0.0/24)", collect)
      .option("--subnet-ipv6 <cidr>", "of its network of both families (fd00:ca05::/64)")
      .option("--sandbox-key <path>", "the namespace that Join names (one that is not there)")
      .option("--ipam-opt <option>", "NAME=VALUE for its pools", collect)
      .option("--pool <cidr>", "a pool that the IPAM has (10.213.0.0/24)")
      .option(
        "--address <address>",
        "that the IPAM can give from it: give it twice (.20 and .21 of the pool)",
        collect,
      )
      .option("--ip-range <cidr>", "part of the pool (its upper half)")
      .option("--restart <command>", "restarts it: what it remembers is looked at then")
      .option("--timeout <seconds>", "for one answer", "10"),
  examples: [
    {
      line: "causeway plugin check /run/docker/plugins/mynet.sock",
      says: "what of the protocol it breaks; status 1 where a clause with `must` is broken",
    },
    {
      line: "causeway plugin check --pool 10.88.0.0/24 --address 10.88.0.5 --address 10.88.0.6 counting",
      says: "an IPAM that has certain addresses only",
    },
    {
      line: "causeway plugin check --restart 'systemctl restart mynet' mynet",
      says: "with a restart in between, and whether it then knows what it had",
    },
    { line: "causeway plugin check --json mynet", says: "the report, for programs" },
  ],
  completes: ["plugin"],
  completesOptions: { "--opt": "none", "--subnet": "none", "--ipam-opt": "none", "--timeout": "none" },
  async run({ args: [target = ""], options, output, signal }) {
    const settings = checkOptions(options);
    const plugin = await pluginAt(target);
    const { checkPlugin, PluginClient } = await import("@causeway/plugin-sdk");
    // Nobody there is not the same as somebody who is wrong.
    using client = new PluginClient(plugin, { patience: 0, timeout: settings.timeout ?? 0 });
    await client.activate().catch(async (error: unknown) => {
      const failure = await failureOf(error);
      if (isUnreachable(error)) throw failure;
    });
    const report: Report = await whileWaiting(
      output,
      "asking the plugin everything",
      checkPlugin(plugin.address, { ...settings, signal }),
    );
    if (options.json === true) output.write(jsonLines(report));
    else output.write(reportLines(report, output, options.all === true));
    return report.passed ? exitCodes.ok : exitCodes.refused;
  },
};

function isUnreachable(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "plugin_unreachable";
}

function checkOptions(options: Options): CheckOptions {
  const { subnet, address, subnetIpv6, sandboxKey, pool, ipRange, restart } = options;
  const seconds = Number(options.timeout);
  if (!(seconds > 0 && seconds <= 3600))
    throw usageError(`--timeout "${options.timeout}" is no number of seconds between 0 and 3600`);
  return {
    timeout: seconds * 1000,
    ...given({ restart: restart === undefined ? undefined : () => runCommand(restart) }),
    network: given({
      options: strictPairs("--opt", options.opt),
      subnets: pair("--subnet", subnet),
      subnetIpv6,
      sandboxKey,
    }),
    ipam: given({
      options: strictPairs("--ipam-opt", options.ipamOpt),
      pool,
      addresses: pair("--address", address),
      subPool: ipRange,
    }),
  };
}

/** By the shell, and without words of its own among ours. */
async function runCommand(command: string): Promise<void> {
  const child = spawn(command, { shell: true, stdio: ["ignore", "ignore", "inherit"] });
  const [status] = await once(child, "exit");
  if (status !== 0) throw new Error(`"${command}" ended with ${status}`);
}

function pair(option: string, values: readonly string[] | undefined): readonly [string, string] | undefined {
  if (values === undefined) return undefined;
  const [first, second, ...more] = values;
  if (first === undefined || second === undefined || more.length > 0)
    throw usageError(`${option} is given twice, or not at all: ${values.length} were given`);
  return [first, second];
}
