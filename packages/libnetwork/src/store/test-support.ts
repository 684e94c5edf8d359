/**
 * What the tests of the stores share: throw-away directories, and stores in processes of their own.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";

/** An empty directory that goes after the test. */
export function temporaryDirectory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "causeway-store-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export interface StoreProcess {
  readonly process: ChildProcess;
  /** What the program tells by `say`, line by line; ends with the process. */
  readonly lines: AsyncIterator<string>;
  /** Ends the process as a power cut would. */
  kill(): Promise<void>;
}

/**
 * Runs a program with `store` open on `stateDir`, and `say(text)`, in a process of its own, by way of `prefix` (unshare,
 * say). A store that cannot be opened is said by its error's code and message. It is killed after the test.
 */
export function storeProcess(
  t: TestContext,
  stateDir: string,
  program: string,
  prefix: readonly string[] = [],
): StoreProcess {
  const source = `
    import { writeSync } from "node:fs";
    import { SqliteStore } from ${JSON.stringify(import.meta.resolve("./sqlite-store.ts"))};
    const say = (text) => writeSync(1, text + "\\n");
    const open = () => {
      try {
        return SqliteStore.open(${JSON.stringify(stateDir)});
      } catch (error) {
        say(error.code + " " + error.message);
        process.exit(1);
      }
    };
    const store = open();
    ${program}`;
  const [command = process.execPath, ...args] = [
    ...prefix,
    process.execPath,
    "--input-type=module",
    "--eval",
    source,
  ];
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const kill = (): Promise<void> => {
    child.kill("SIGKILL");
    return exited;
  };
  t.after(kill);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { process: child, lines, kill };
}
