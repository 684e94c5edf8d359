/**
 * The controller's events, written into the journal as they come.
 */
import type { NetworkController } from "@causeway/libnetwork";
import type { Journal } from "./journal.ts";

/** Goes on until the signal aborts or the controller closes. */
export async function follow(
  controller: NetworkController,
  journal: Journal,
  signal: AbortSignal,
): Promise<void> {
  for await (const { type, time, id, name, attributes, operation } of controller.events(signal)) {
    const subject = { id, name };
    journal.add({ type, time, subject, attributes, ...(operation !== undefined && { operation }) });
  }
}
