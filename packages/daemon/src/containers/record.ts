/**
 * What is stored of a container: a JSON file, written aside and renamed.
 */
import { files, O_RDONLY } from "@causeway/kernel";
import type { ContainerCreate } from "../api/index.ts";
import type { ContainerInfo } from "./contract.ts";
import type { Places } from "./places.ts";
import { isContainerRecord } from "./record-shape.ts";

export interface ContainerRecord {
  readonly version: 1;
  readonly id: string;
  readonly name: string;
  readonly kind: Exclude<ContainerInfo["kind"], "foreign">;
  readonly path?: string;
  readonly command: readonly string[];
  /** Milliseconds since the epoch, like the others. */
  readonly created: number;
  readonly detached: boolean;
  readonly terminal: boolean;
  readonly removeWhenEnded: boolean;
  readonly hostname?: string;
  /** Of a plain process: who it runs as, and what is run beside it. */
  readonly user?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** How it ended. */
  readonly end?: ContainerEnd;
}

export interface ContainerEnd {
  readonly exitCode: number;
  readonly started: number;
  readonly finished: number;
}

/** What became of a process that nobody saw end: Docker says the same. */
export const unknownExitCode = 255;

export class ContainerRecords {
  readonly #places: Places;

  constructor(places: Places) {
    this.#places = places;
    files.mkdirSync(places.kept, { recursive: true, mode: 0o700 });
  }

  /**
   * Durable when it returns. That of a container which goes when it ends is not waited for: after a power cut it has ended, and its
   * record would be taken away.
   */
  write(record: ContainerRecord): void {
    const path = this.#places.record(record.id);
    const draft = `${path}.new`;
    try {
      files.writeFileSync(draft, JSON.stringify(record), { mode: 0o600 });
      if (!record.removeWhenEnded) sync(draft);
      files.renameSync(draft, path);
    } catch (error) {
      files.rmSync(draft, { force: true });
      throw error;
    }
    if (!record.removeWhenEnded) sync(this.#places.kept);
  }

  /** With its log. */
  remove(id: string): void {
    files.rmSync(this.#places.record(id), { force: true });
    files.rmSync(this.#places.log(id), { force: true });
  }

  /**
   * All that are there. What belongs to none of them is swept, as far as it can be: drafts and logs that a kill left.
   *
   * @param unreadable is told of records that are none, which stay for somebody to look at, with all that is of their containers
   * @param left is told of what cannot be swept
   */
  load(
    unreadable: (path: string, id: string) => void,
    left: (path: string, error: unknown) => void,
  ): readonly ContainerRecord[] {
    const records = new Map<string, ContainerRecord | undefined>();
    const names = files.readdirSync(this.#places.kept);
    for (const name of names) {
      const id = /^([0-9a-f]{64})\.json$/.exec(name)?.[1];
      if (id === undefined) continue;
      const record = readRecord(this.#places.record(id), id);
      records.set(id, record);
      if (record === undefined) unreadable(this.#places.record(id), id);
    }
    for (const name of names) {
      const [, id = "", ending] = /^([0-9a-f]{64})\.(log|json\.new)$/.exec(name) ?? [];
      if (ending !== "json.new" && (ending !== "log" || records.has(id))) continue;
      const path = `${this.#places.kept}/${name}`;
      try {
        files.rmSync(path, { force: true });
      } catch (error) {
        left(path, error);
      }
    }
    return [...records.values()].filter((record) => record !== undefined);
  }
}

function readRecord(path: string, id: string): ContainerRecord | undefined {
  try {
    const record: unknown = JSON.parse(files.readFileSync(path, "utf8"));
    return isContainerRecord(record) && record.id === id ? record : undefined;
  } catch {
    return undefined;
  }
}

function sync(path: string): void {
  const fd = files.openSync(path, O_RDONLY);
  try {
    files.fsyncSync(fd);
  } finally {
    files.closeSync(fd);
  }
}

/** What is kept of a container that is asked for. */
export function recordOf(
  id: string,
  name: string,
  request: ContainerCreate,
  command: readonly string[],
  hostname: string | undefined,
): ContainerRecord {
  const { kind, path, user, labels = {} } = request;
  return {
    version: 1,
    id,
    name,
    kind,
    ...(path !== undefined && { path }),
    command,
    created: Date.now(),
    detached: request.detached === true,
    terminal: request.terminal === true,
    removeWhenEnded: request.removeWhenEnded === true,
    ...(hostname !== undefined && { hostname }),
    ...(kind === "process" && user !== undefined && { user }),
    labels,
  };
}
