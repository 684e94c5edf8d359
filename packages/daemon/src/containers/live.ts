/**
 * A container of ours while the daemon runs: its record, and what is not stored because it is read again at the start.
 */
import type { Sandbox } from "@causeway/libnetwork";
import type { ContainerInfo } from "./contract.ts";
import type { ContainerRecord } from "./record.ts";

export class LiveContainer {
  record: ContainerRecord;
  pid: number | undefined;
  /** See process.ts. */
  ticks: string | undefined;
  /** Milliseconds since the epoch. */
  started: number | undefined;
  /** It has ended, and what is left of it is being taken away, or has been. */
  ended = false;
  /** Why it did not begin, in the runtime's own words. */
  failure: string | undefined;
  /** Tells whether its process began. */
  readonly began = Promise.withResolvers<boolean>();
  /** Tells the exit code when nothing is left but what is to stay. */
  readonly finished = Promise.withResolvers<number>();
  readonly #finishing = new AbortController();

  constructor(record: ContainerRecord) {
    this.record = record;
    if (record.end === undefined) return;
    this.ended = true;
    this.began.resolve(true);
    this.finish(record.end.exitCode);
  }

  /** Aborts when it has ended. */
  get end(): AbortSignal {
    return this.#finishing.signal;
  }

  finish(exitCode: number): void {
    this.#finishing.abort();
    this.finished.resolve(exitCode);
  }

  info(sandbox: Sandbox | undefined): ContainerInfo {
    const { id, name, kind, path, command, created, end, removeWhenEnded, hostname, labels } = this.record;
    const started = end?.started ?? this.started;
    const began = this.pid !== undefined;
    return {
      id,
      name,
      kind,
      path,
      command,
      created: new Date(created),
      state: this.ended ? "exited" : began ? "running" : "created",
      pid: this.ended ? undefined : this.pid,
      exitCode: end?.exitCode,
      started: started === undefined ? undefined : new Date(started),
      finished: end === undefined ? undefined : new Date(end.finished),
      removeWhenEnded,
      hostname,
      labels,
      sandbox,
    };
  }
}

/** A sandbox whose process somebody else starts, as a container. */
export function foreignContainer(sandbox: Sandbox): ContainerInfo {
  return {
    id: sandbox.id,
    name: sandbox.containerId,
    kind: "foreign",
    path: undefined,
    command: [],
    created: sandbox.created,
    state: sandbox.lost ? "exited" : "running",
    pid: undefined,
    exitCode: undefined,
    started: sandbox.created,
    finished: undefined,
    removeWhenEnded: false,
    hostname: sandbox.record.options.hostname,
    labels: sandbox.labels,
    sandbox,
  };
}
