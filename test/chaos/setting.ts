// What all processes of a run have in common: from run.ts by the environment, which those that it starts inherit.

const name = "CAUSEWAY_CHAOS";

export interface Setting {
  /** Folder of the pictures that have been taken, so that each is taken once. */
  readonly albums: string;
  /** Whether the resolver answers, as by default: its threads take half of a trial's time. */
  readonly resolver: boolean;
}

export function setting(): Setting {
  const text = process.env[name];
  if (text === undefined) throw new Error("npm run chaos has not set what holds for its processes");
  return JSON.parse(text) as Setting;
}

export function set(chosen: Setting): void {
  process.env[name] = JSON.stringify(chosen);
}
