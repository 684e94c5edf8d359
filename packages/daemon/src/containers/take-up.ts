/**
 * What a start finds of containers: those that ran go on, those that ended meanwhile are ended, and what a kill left half-made goes.
 */
import { files } from "@causeway/kernel";
import { containerLabel } from "./contract.ts";
import { type EndingParts, endContainer, removeRunFiles } from "./ending.ts";
import { livingKeeper, readMark } from "./keeper.ts";
import type { LiveContainer } from "./live.ts";
import type { Places } from "./places.ts";
import { startOf } from "./process.ts";
import type { Runtime } from "./runtime.ts";

export type Standing =
  /** Its keeper lives. */
  | "runs"
  /** Nobody has begun with it, and its client may still. */
  | "waits"
  | "gone";

/**
 * Brings one container to where it belongs.
 *
 * @returns how it stands; one that is gone by --rm, or was half-made, is `gone`
 */
export async function takeUp(
  parts: EndingParts,
  runtime: Runtime,
  container: LiveContainer,
): Promise<Standing | "ended"> {
  const { controller, places } = parts;
  const { id, detached, end } = container.record;
  readStart(places, container);
  const hasEnded = end !== undefined || files.existsSync(places.mark(id, "exit"));
  if (!hasEnded && livingKeeper(places, id) !== undefined) {
    rememberStart(container);
    return "runs";
  }
  const sandbox = controller.sandboxByContainerId(id);
  const isClaimed = files.existsSync(places.mark(id, "claim"));
  if (
    !hasEnded &&
    !isClaimed &&
    !detached &&
    sandbox !== undefined &&
    !sandbox.lost &&
    files.existsSync(places.bundle(id))
  )
    return "waits";
  // After a reboot the marks are gone, and the sandbox is lost: it did begin, as far as anybody knows.
  if (!hasEnded && sandbox?.lost === true) container.started ??= container.record.created;
  // Its keeper was killed, or the marks are gone: nobody would learn how it ends.
  if (!hasEnded) await runtime.delete(container);
  return (await endContainer(parts, container)) ? "gone" : "ended";
}

/** What its process's mark says. */
export function readStart(places: Places, container: LiveContainer): boolean {
  const path = places.mark(container.record.id, "pid");
  const there = files.statSync(path, { throwIfNoEntry: false });
  if (there === undefined) return false;
  const [, pid, ticks] = /^([1-9]\d*)(?: (\d+))?$/.exec(readMark(path) ?? "") ?? [];
  if (pid === undefined) return false;
  container.pid = Number(pid);
  container.ticks = ticks;
  container.started = Math.round(there.mtimeMs);
  return true;
}

/** Of one whose keeper lives: its pid is its own still. */
export function rememberStart(container: LiveContainer): void {
  if (container.pid !== undefined) container.ticks ??= startOf(container.pid);
}

export interface Sweep {
  readonly isKnown: (id: string) => boolean;
  /** What cannot be taken away is told, and the rest is. */
  readonly failed: (id: string, error: unknown) => void;
}

/** Sandboxes and run files of containers that are not recorded. */
export async function sweepStrays(
  { controller, places }: EndingParts,
  { isKnown, failed }: Sweep,
): Promise<void> {
  for (const sandbox of controller.sandboxes()) {
    if (sandbox.labels[containerLabel] === undefined || isKnown(sandbox.containerId)) continue;
    await sandbox
      .delete({ endpoints: "delete" })
      .catch((error: unknown) => failed(sandbox.containerId, error));
  }
  const ids = [...files.readdirSync(places.bundles), ...files.readdirSync(places.marks)].flatMap(
    (name) => /^\.?([0-9a-f]{64})/.exec(name)?.[1] ?? [],
  );
  for (const id of new Set(ids)) {
    if (isKnown(id)) continue;
    try {
      removeRunFiles(places, id);
    } catch (error) {
      failed(id, error);
    }
  }
}
