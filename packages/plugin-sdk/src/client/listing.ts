/**
 * Which plugins there are, and which come and go.
 */
import { join, parse } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "../errors.ts";
import { readdirSync, statSync, watch } from "../files.ts";
import { defaultDirectories, type PluginDirectories } from "./discovery.ts";

/** @returns names, sorted, each once. That a file is there does not mean that somebody answers. */
export function listPlugins(directories: PluginDirectories = defaultDirectories): readonly string[] {
  const { sockets, specs } = directories;
  return [
    ...new Set([
      ...namesIn(
        sockets,
        [".sock"],
        (path) => statSync(path, { throwIfNoEntry: false })?.isSocket() === true,
      ),
      ...specs.flatMap((directory) => namesIn(directory, [".spec", ".json"], () => true)),
    ]),
  ].sort();
}

/** `NAME.sock` and `NAME/NAME.sock`. */
function namesIn(
  directory: string,
  endings: readonly string[],
  counts: (path: string) => boolean,
): readonly string[] {
  const direct = filesIn(directory, endings, counts);
  const nested = entriesOf(directory)
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => filesIn(join(directory, name), endings, counts).filter((file) => file === name));
  return [...direct, ...nested];
}

function filesIn(
  directory: string,
  endings: readonly string[],
  counts: (path: string) => boolean,
): readonly string[] {
  return entriesOf(directory)
    .map((entry) => parse(entry.name))
    .filter(
      ({ name, ext, base }) =>
        endings.includes(ext) && !name.startsWith(".") && counts(join(directory, base)),
    )
    .map(({ name }) => name);
}

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(codeOf(error) ?? "")) return [];
    throw error;
  }
}

export interface PluginChange {
  readonly type: "added" | "removed";
  readonly name: string;
}

export interface WatchOptions {
  readonly directories?: PluginDirectories;
  /** Ends the watching, without an error. */
  readonly signal?: AbortSignal;
  /** How long a change may go unseen where a directory is not there yet, or is below another, milliseconds. Default: 1 s. */
  readonly interval?: number;
}

/** What comes and goes; what is there at the beginning is `added` first. */
export async function* watchPlugins(options: WatchOptions = {}): AsyncGenerator<PluginChange> {
  const {
    directories = defaultDirectories,
    signal = new AbortController().signal,
    interval = 1000,
  } = options;
  let known: ReadonlySet<string> = new Set();
  while (!signal.aborted) {
    const next = nextChange([directories.sockets, ...directories.specs], interval, signal);
    const present = new Set(listPlugins(directories));
    for (const name of known.difference(present)) yield { type: "removed", name };
    for (const name of present.difference(known)) yield { type: "added", name };
    known = present;
    await next;
  }
}

/** inotify where there is a directory; what it does not see is seen when the interval is over. */
async function nextChange(paths: readonly string[], interval: number, signal: AbortSignal): Promise<void> {
  const woken = new AbortController();
  const watchers = paths.flatMap((path) => {
    try {
      const watcher = watch(path, { persistent: false }, () => woken.abort());
      watcher.on("error", () => woken.abort());
      return [watcher];
    } catch {
      return [];
    }
  });
  await sleep(interval, undefined, { signal: AbortSignal.any([woken.signal, signal]) }).catch(() => {});
  for (const watcher of watchers) watcher.close();
}
