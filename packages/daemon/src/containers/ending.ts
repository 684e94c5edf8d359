/**
 * How a container ends: what it was comes to stand in its record, or goes; its sandbox and its run files go.
 */
import { files } from "@causeway/kernel";
import type { NetworkController } from "@causeway/libnetwork";
import type { Journal } from "../events/journal.ts";
import { readMark } from "./keeper.ts";
import type { LiveContainer } from "./live.ts";
import { marks, type Places } from "./places.ts";
import { type ContainerRecords, unknownExitCode } from "./record.ts";
import { runtimeError } from "./start.ts";

export interface EndingParts {
  readonly controller: NetworkController;
  readonly places: Places;
  readonly records: ContainerRecords;
  readonly journal: Journal;
}

/**
 * Done again by the next start, wherever it is cut short: the exit mark, or an end that is recorded, tells that there is something to do.
 *
 * @returns whether the container is gone: by --rm, or because it never began
 */
export async function endContainer(
  { controller, places, records, journal }: EndingParts,
  container: LiveContainer,
): Promise<boolean> {
  const { record } = container;
  const { id, removeWhenEnded } = record;
  const began = container.started !== undefined || record.end !== undefined;
  const exitCode = record.end?.exitCode ?? exitCodeOf(places, id);
  const goes = removeWhenEnded || !began;
  container.ended = true;
  if (!began) container.failure ??= runtimeError(places, id);
  if (record.end === undefined) {
    const now = Date.now();
    container.record = { ...record, end: { exitCode, started: container.started ?? now, finished: now } };
    if (!goes) records.write(container.record);
    if (began) tell(journal, "container:die", container, { exitCode: String(exitCode) });
  }
  await controller.sandboxByContainerId(id)?.delete({ endpoints: "delete" });
  if (goes) records.remove(id);
  removeRunFiles(places, id);
  if (goes) tell(journal, "container:destroy", container);
  container.began.resolve(began);
  container.finish(exitCode);
  return goes;
}

function exitCodeOf(places: Places, id: string): number {
  const text = readMark(places.mark(id, "exit"));
  return text !== undefined && /^\d{1,3}$/.test(text) ? Number(text) : unknownExitCode;
}

/** The exit mark goes last: it is what makes a start finish this. */
export function removeRunFiles(places: Places, id: string): void {
  files.rmSync(places.bundle(id), { recursive: true, force: true });
  files.rmSync(`${places.mark(id)}.new`, { force: true });
  for (const kind of marks.toSorted((one) => (one === "exit" ? 1 : -1)))
    files.rmSync(places.mark(id, kind), { force: true });
}

/** Writes an event of a container's into the journal. */
export function tell(
  journal: Journal,
  type: "container:create" | "container:start" | "container:die" | "container:destroy",
  { record: { id, name, labels } }: LiveContainer,
  attributes: Readonly<Record<string, string>> = {},
): void {
  journal.add({ type, time: Date.now(), subject: { id, name }, attributes: { ...labels, ...attributes } });
}
