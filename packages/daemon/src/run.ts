/**
 * `causeway daemon`: from the command line to the end of the process.
 */
import { CausewayError, messageOf } from "@causeway/libnetwork";
import type { Logger } from "pino";
import {
  type Configuration,
  changesOf,
  defaultConfigPath,
  exampleFile,
  flagHelp,
  loadConfiguration,
  whatHolds,
} from "./config/index.ts";
import { Daemon } from "./daemon.ts";
import { type CommandLine, parseCommandLine } from "./lifecycle/command-line.ts";
import { ServiceManager } from "./lifecycle/service-manager.ts";
import { openLog } from "./log/log.ts";

/** The command line's own status for what it does not understand. */
const usage = 2;
/** EX_CONFIG of sysexits.h. systemd does not start again what ends so, nor by the one above: RestartPreventExitStatus=. */
const misconfigured = 78;

const help = `usage: causeway daemon [--config FILE] [--validate] [FLAG]...

Runs the daemon: opens the networks of this host, answers on a unix socket, and goes on until SIGTERM.

  --config FILE                   configuration file [${defaultConfigPath}, where there is one]
  --validate                      check the configuration, say what would hold, and end
  --example                       print a configuration file with every setting, commented out
  --help                          this

Each flag goes before its variable (CAUSEWAY_STATE_DIR for --state-dir), and both before the file:

${flagHelp()}

exit status: 0 ended as it was told, 2 the command line is wrong, 78 the configuration is wrong, 1 anything else
signals: SIGTERM and SIGINT end it when what has begun is over (twice: at once), SIGHUP reloads the configuration
`;

export interface RunOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

const ofThisProcess: RunOptions = {
  environment: process.env,
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
};

/**
 * @param args what stands behind `causeway daemon`
 * @returns the exit status, when the daemon has ended
 */
export async function runDaemon(
  args: readonly string[],
  { environment, stdout, stderr }: RunOptions = ofThisProcess,
): Promise<number> {
  using manager = new ServiceManager(environment);
  const fail = (error: unknown): number => {
    manager.failed(messageOf(error));
    stderr(`causeway daemon: ${messageOf(error)}\n`);
    return exitStatus(error);
  };
  try {
    const commandLine = parseCommandLine(args);
    if (commandLine.help || commandLine.example) {
      stdout(commandLine.help ? help : exampleFile());
      return 0;
    }
    const load = () => loadFor(commandLine, environment);
    const configuration = load();
    if (!commandLine.validate) return await serve(configuration, load, manager);
    for (const warning of configuration.warnings) stderr(`causeway daemon: ${warning}\n`);
    stdout(whatHolds(configuration));
    return 0;
  } catch (error) {
    return fail(error);
  }
}

function loadFor({ path, flags }: CommandLine, environment: RunOptions["environment"]): Configuration {
  const named = path ?? (environment.CAUSEWAY_CONFIG || undefined);
  return loadConfiguration({ ...(named !== undefined && { path: named }), environment, flags });
}

function exitStatus(error: unknown): number {
  const code = error instanceof CausewayError ? error.code : "";
  if (code === "invalid_usage") return usage;
  const isConfig = code.startsWith("config_") || code === "invalid_configuration";
  return isConfig ? misconfigured : 1;
}

async function serve(
  configuration: Configuration,
  load: () => Configuration,
  manager: ServiceManager,
): Promise<number> {
  using log = openLog(configuration.config);
  const { logger } = log;
  // Whoever stops us while we start waits until we have started.
  const signals = new Signals();
  try {
    for (const warning of configuration.warnings) logger.warn(warning);
    await using daemon = await Daemon.start(configuration.config, logger);
    const { socket } = configuration.config;
    logger.info({ socket, pid: process.pid, config: configuration.path ?? "none" }, "ready");
    manager.ready(`answering on ${socket}`);
    let current = configuration;
    for (;;) {
      const signal = await signals.next();
      if (signal !== "SIGHUP") {
        logger.info({ signal }, "ending");
        manager.stopping(current.config.drainSeconds);
        signals.onStop(() => daemon.hurry());
        await daemon.close(current.config.drainSeconds);
        logger.info("ended");
        return 0;
      }
      manager.reloading();
      current = await reload(daemon, current, load, logger);
      manager.ready(`answering on ${socket}`);
    }
  } catch (error) {
    logger.fatal({ err: error }, messageOf(error));
    manager.failed(messageOf(error));
    return exitStatus(error);
  } finally {
    signals[Symbol.dispose]();
  }
}

/** @returns the configuration that holds from now on: the old one where the new one will not do */
async function reload(
  daemon: Daemon,
  before: Configuration,
  load: () => Configuration,
  logger: Logger,
): Promise<Configuration> {
  try {
    const after = load();
    const { taken, restart } = changesOf(before.values, after.values);
    await daemon.reload(after.config);
    for (const { key } of restart) logger.warn({ setting: key }, "this setting holds from the next start on");
    logger.info({ changed: taken.map(({ key }) => key) }, "configuration reloaded");
    // What holds from the next start on is told again at the next reload.
    return after;
  } catch (error) {
    logger.error({ err: error }, `the configuration stays as it was: ${messageOf(error)}`);
    return before;
  }
}

type Signal = "SIGTERM" | "SIGINT" | "SIGHUP";

/** The process's signals, one after the other. */
class Signals implements Disposable {
  readonly #waiting: Signal[] = [];
  #wake: () => void = () => undefined;
  #onStop: (() => void) | undefined;
  readonly #handlers = (["SIGTERM", "SIGINT", "SIGHUP"] as const).map((signal) => {
    const handler = () => this.#came(signal);
    process.on(signal, handler);
    return { signal, handler };
  });

  async next(): Promise<Signal> {
    for (;;) {
      const signal = this.#waiting.shift();
      if (signal !== undefined) return signal;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** From now on, signals to end are told to this one. */
  onStop(listener: () => void): void {
    this.#onStop = listener;
    if (this.#waiting.some((signal) => signal !== "SIGHUP")) listener();
  }

  #came(signal: Signal): void {
    if (this.#onStop === undefined) this.#waiting.push(signal);
    else if (signal !== "SIGHUP") this.#onStop();
    this.#wake();
  }

  [Symbol.dispose](): void {
    for (const { signal, handler } of this.#handlers) process.off(signal, handler);
  }
}
