/**
 * What the routes of the CNM API are given.
 */
import type { DaemonParts } from "../parts.ts";
import { Changes } from "./changes.ts";
import { Creations } from "./creations.ts";

export interface CnmContext extends DaemonParts {
  readonly changes: Changes;
  readonly creations: Creations;
}

export function cnmContext(parts: DaemonParts): CnmContext {
  return { ...parts, changes: new Changes(), creations: new Creations() };
}
