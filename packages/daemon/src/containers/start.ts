/**
 * A container's files for the runtime, and the keeper that starts it.
 */
import { spawn } from "node:child_process";
import { files } from "@causeway/kernel";
import { CausewayError, notFound, type Sandbox } from "@causeway/libnetwork";
import type { Launch } from "../api/index.ts";
import { hostProcessCommand } from "./host-process.ts";
import { keeperLaunch, readMark } from "./keeper.ts";
import { bundleConfig } from "./oci/bundle.ts";
import { type Place, rootfsConfig } from "./oci/config.ts";
import type { Places } from "./places.ts";
import type { ContainerPlan } from "./plan.ts";
import type { Runtime } from "./runtime.ts";

/** Writes what the runtime is given, and answers with what starts it. */
export function prepareStart(
  places: Places,
  runtime: Runtime,
  { record, wish, bundle }: ContainerPlan,
  sandbox: Sandbox,
): Launch {
  const { id, kind, path = "" } = record;
  const place: Place = {
    netnsPath: sandbox.netnsPath,
    usesHostNetwork: sandbox.usesHostNetwork || sandbox.sharedWith?.usesHostNetwork === true,
    files: sandbox.files,
  };
  const directory = places.bundle(id);
  files.mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (kind === "process") return keeperLaunch(places, id, undefined, hostProcessCommand(wish, place));
  const config = bundle === undefined ? rootfsConfig(path, wish, place) : bundleConfig(bundle, wish, place);
  files.writeFileSync(`${directory}/config.json`, JSON.stringify(config), { mode: 0o600 });
  return keeperLaunch(places, id, runtime.program, runtime.runCommand(id));
}

export interface KeeperListeners {
  /** Not even the shell could be started. */
  readonly failed: (error: Error) => void;
  readonly ended: () => void;
}

/** Starts the keeper in a session of its own, with its output in the log. */
export function startKeeper(launch: Launch, log: string, listeners: KeeperListeners): void {
  const [program = "", ...words] = launch.command;
  const fd = files.openSync(log, "a", 0o600);
  try {
    const child = spawn(program, words, {
      cwd: launch.directory,
      detached: true,
      stdio: ["ignore", fd, fd],
      env: { PATH: process.env.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin" },
    });
    child.on("error", listeners.failed);
    child.on("exit", listeners.ended);
    child.unref();
  } finally {
    files.closeSync(fd);
  }
}

/** The last error that the runtime told. */
export function runtimeError(places: Places, id: string): string | undefined {
  const lines = readMark(places.mark(id, "log"))?.split("\n") ?? [];
  for (const line of lines.toReversed()) {
    try {
      const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown };
      if (level === "error" && typeof msg === "string") return msg;
    } catch {
      // Not one of its lines.
    }
  }
  return undefined;
}

/** What is said where a container did not begin; the codes are told apart as a shell tells them. */
export function startFailure(exitCode: number, why: string | undefined): CausewayError {
  const message = `the container did not start: ${why ?? "see what the runtime said above"}`;
  if (exitCode === 127) return notFound("command_not_found", message, { exitCode });
  const code = exitCode === 126 ? "command_not_executable" : "container_not_started";
  return new CausewayError("conflict", code, message, { detail: { exitCode } });
}
