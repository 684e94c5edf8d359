/**
 * causeway run
 */
import { resolve } from "node:path";
import type { ContainerCreate, ContainerCreated } from "@causeway/daemon/api";
import { type Client, path } from "../../client/client.ts";
import { ApiError } from "../../client/failure.ts";
import type { CommandDefinition } from "../../command.ts";
import { CliError, usageError } from "../../errors.ts";
import { addNameOptions, type NameOptions } from "../name-options.ts";
import { collect, given, strictPairs } from "../options.ts";
import { publishedPort } from "../ports.ts";
import { addFileOptions, type FileOptions, fileOptions } from "../sandbox/files.ts";
import { environment } from "./environment.ts";
import { connections, withNames } from "./network-option.ts";
import { checkTerminal } from "./terminal.ts";

interface Options extends FileOptions, NameOptions {
  readonly name?: string;
  readonly network?: readonly string[];
  readonly publish?: readonly string[];
  readonly rootfs?: string;
  readonly bundle?: string;
  readonly hostProcess?: boolean;
  readonly detach?: boolean;
  readonly rm?: boolean;
  readonly tty?: boolean;
  readonly sysctl?: readonly string[];
  readonly env?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly readOnly?: boolean;
}

/** As Docker's: a failure of ours, a command that cannot be run, one that is not there. */
const failed = 125;
const failedBy: Readonly<Record<string, number>> = { command_not_executable: 126, command_not_found: 127 };

export const run: CommandDefinition<Options> = {
  define: (command) =>
    addFileOptions(
      addNameOptions(
        command
          .passThroughOptions()
          .argument("[command...]", "what runs in it (default, with --bundle: the bundle's own)")
          .option("--name <name>", "its name (default: one that is made up)")
          .option(
            "--network <network>",
            "NET[:ip=..,ip6=..,mac=..,alias=..,link=..,named-port=..,ifname=..,gw-priority=..], none, host or container:NAME",
            collect,
          ),
      )
        .option("-p, --publish <port>", "[[ADDRESS:][HOST]:]PORT[/PROTOCOL], with ranges", collect)
        .option("--rootfs <directory>", "its root directory")
        .option("--bundle <directory>", "an OCI bundle: a directory with a config.json")
        .option("--host-process", "a plain process, with all but the network being the host's")
        .option("-d, --detach", "in the background; prints its id")
        .option("--rm", "gone when it ends")
        .option("-t, --tty", "with a terminal")
        .option("-i, --interactive", "reads our standard input, as it always does in the foreground")
        .option("--sysctl <name=value>", "a setting of its namespaces", collect)
        .option("-e, --env <name[=value]>", "a variable; without a value, ours", collect)
        .option("-w, --workdir <directory>", "where it starts")
        .option("-u, --user <uid[:gid]>", "who it runs as, in numbers")
        .option("--read-only", "its root directory cannot be written to"),
    ),
  examples: [
    { line: "causeway run --rm -it --rootfs ./alpine sh", says: "a shell in the default network" },
    {
      line: "causeway run -d --name web --network front:ip=10.1.0.7 -p 8080:80 --rootfs ./www httpd -f",
      says: "a server in the background",
    },
    {
      line: "causeway run --rm --network front --host-process curl http://10.1.0.7",
      says: "a program of ours",
    },
  ],
  completes: ["file"],
  completesOptions: { "--network": "network", "--rootfs": "file", "--bundle": "file", "--workdir": "file" },
  async run({ client, output, args, options }) {
    try {
      const asked = client.post<ContainerCreated>("/containers", requestOf(args, options));
      // What starts it is loaded while the daemon makes its network.
      const [{ container, launch }, { startLaunch }] = await Promise.all([asked, import("./attached.ts")]);
      if (launch !== undefined)
        return await inForeground(client, container.id, () => startLaunch(launch, { ownSession: true }));
      output.write(`${container.id}\n`);
      return undefined;
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      const code = error instanceof ApiError ? failedBy[error.code] : undefined;
      throw new CliError(code ?? failed, error.message, { cause: error });
    }
  },
};

async function inForeground(client: Client, id: string, start: () => Promise<number>): Promise<number> {
  try {
    const code = await start();
    // Until nothing of it is left but what is to stay: its name is free again for whoever comes next.
    await client.get(`${path("containers", id)}/wait`).catch(() => undefined);
    return code;
  } catch (error) {
    await client.delete(path("containers", id), { query: { force: true } }).catch(() => undefined);
    throw error;
  }
}

function requestOf(command: readonly string[], options: Options): ContainerCreate {
  const { name, rootfs, bundle, hostProcess, publish = [], sysctl, env = [], user, tty, readOnly } = options;
  const kinds = [
    rootfs !== undefined && "rootfs",
    bundle !== undefined && "bundle",
    hostProcess && "process",
  ];
  const [kind, ...more] = kinds.filter(
    (given) => given === "rootfs" || given === "bundle" || given === "process",
  );
  if (kind === undefined || more.length > 0)
    throw usageError("say what the container is made of: one of --rootfs, --bundle and --host-process");
  // Of both -t and -d the daemon says that they do not go together.
  if (options.detach !== true) checkTerminal(tty);
  const directory = rootfs ?? bundle;
  // A plain process starts where we are, as any other.
  const workingDirectory = options.workdir ?? (kind === "process" ? process.cwd() : undefined);
  const { labels, ...files } = fileOptions(options);
  return {
    kind,
    ...files,
    ...withNames(connections(options.network ?? []), options),
    ...given({
      name,
      path: directory === undefined ? undefined : resolve(directory),
      command: [...command],
      environment: [...environment(env), ...(tty === true ? terminalType() : [])],
      workingDirectory,
      user,
      terminal: tty,
      readOnly,
      publish: publish.map(publishedPort),
      sysctls: sysctl && strictPairs("--sysctl", sysctl),
      labels,
      removeWhenEnded: options.rm,
      detached: options.detach,
    }),
  };
}

function terminalType(): readonly string[] {
  const type = process.env.TERM;
  return type === undefined || type === "" ? [] : [`TERM=${type}`];
}
