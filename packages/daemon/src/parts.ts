/**
 * What the rooms of the daemon are given: made by daemon.ts, used by both APIs.
 */
import type { NetworkController } from "@causeway/libnetwork";
import type { Logger } from "pino";
import type { DaemonConfig } from "./config/config.ts";
import type { Containers } from "./containers/contract.ts";
import type { Journal } from "./events/journal.ts";

export interface DaemonParts {
  readonly config: DaemonConfig;
  readonly controller: NetworkController;
  readonly containers: Containers;
  readonly journal: Journal;
  readonly log: Logger;
  /** When the daemon was started. */
  readonly started: Date;
}
