/**
 * The OCI runtime, as far as the daemon calls it itself: signals, and taking away what is left.
 */
import { execFile } from "node:child_process";
import { constants } from "node:os";
import { promisify } from "node:util";
import { conflict, invalid, newId } from "@causeway/libnetwork";
import type { ContainerExec, Launch } from "../api/index.ts";
import { asUser } from "./host-process.ts";
import type { LiveContainer } from "./live.ts";
import type { Places } from "./places.ts";
import { isStillThere, signalProcess } from "./process.ts";

const execute = promisify(execFile);

export class Runtime {
  readonly program: string;
  readonly #places: Places;

  constructor(program: string, places: Places) {
    this.program = program;
    this.#places = places;
  }

  /** What runs a container from its bundle directory. */
  runCommand(id: string): readonly string[] {
    const { mark } = { mark: (kind: "pid" | "log") => this.#places.mark(id, kind) };
    const said = ["--log", mark("log"), "--log-format", "json"];
    const bundle = this.#places.bundle(id);
    return [...this.#begin(said), "run", "--bundle", bundle, "--pid-file", mark("pid"), id];
  }

  /**
   * What runs one more command in it.
   *
   * @throws container_not_running
   */
  execLaunch({ record, pid, ticks }: LiveContainer, request: ContainerExec): Omit<Launch, "directory"> {
    const { command, environment = [], workingDirectory, user, terminal } = request;
    if (record.kind === "process") {
      if (!isStillThere({ pid, ticks }))
        throw conflict("container_not_running", `container ${record.name} is not running any more`);
      const where = workingDirectory === undefined ? [] : [`--wd=${workingDirectory}`];
      const names = record.hostname === undefined ? [] : ["--uts"];
      const enter = ["nsenter", `--target=${pid}`, "--net", "--mount", ...names, ...where];
      return { command: [...enter, ...asUser(user ?? record.user), "env", "--", ...environment, ...command] };
    }
    const complaints = `${this.#places.bundle(record.id)}/exec-${newId().slice(0, 12)}.log`;
    const words = [
      ...this.#begin(["--log", complaints]),
      "exec",
      ...(terminal === true ? ["--tty"] : []),
      ...environment.flatMap((entry) => ["--env", entry]),
      ...(workingDirectory === undefined ? [] : ["--cwd", workingDirectory]),
      ...(user === undefined ? [] : ["--user", user]),
      record.id,
      ...command,
    ];
    return { command: words, complaints };
  }

  /** Nothing is wrong where its process has ended meanwhile. */
  async kill(container: LiveContainer, signal: string): Promise<void> {
    if (!(await this.#told(container, "kill", container.record.id, signal))) signalItself(container, signal);
  }

  /** Ends what is left, and forgets it. Nothing is wrong where nothing is. */
  async delete(container: LiveContainer): Promise<void> {
    await this.#told(container, "delete", "--force", container.record.id);
    // Of one whose state is gone the runtime says that all is well.
    signalItself(container, "SIGKILL");
  }

  /** @returns false where the runtime can do nothing: it is not there, or knows nothing of the container */
  async #told({ record }: LiveContainer, ...words: string[]): Promise<boolean> {
    if (record.kind === "process") return false;
    try {
      await execute(this.program, [...this.#begin().slice(1), ...words]);
      return true;
    } catch {
      return false;
    }
  }

  #begin(more: readonly string[] = []): readonly string[] {
    return [this.program, "--root", this.#places.runtimeRoot, ...more];
  }
}

function signalItself({ pid, ticks }: LiveContainer, signal: string): void {
  if (pid !== undefined && isStillThere({ pid, ticks })) signalProcess(pid, signal);
}

/**
 * `SIGTERM`, `TERM`, `term` or `15`.
 *
 * @throws invalid_signal
 */
export function signalName(text: string): string {
  const wanted = text.toUpperCase();
  for (const [name, number] of Object.entries(constants.signals))
    if (wanted === name || `SIG${wanted}` === name || wanted === String(number)) return name;
  throw invalid(
    "invalid_signal",
    `there is no signal ${JSON.stringify(text)}: SIGTERM, SIGINT, SIGHUP ... are`,
    text,
  );
}
