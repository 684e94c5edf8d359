// Pictures of a scenario played undisturbed, which a disturbed one is compared with.

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { TestHost } from "../support/host.ts";
import { differences } from "../support/kernel-state.ts";
import { isGoing, picture } from "../support/picture.ts";
import { answeredNames, namesTakenUp } from "./names.ts";
import type { Scenario } from "./scenarios.ts";
import { setting } from "./setting.ts";

export type Picture = readonly string[];

/** The states that a host may rightly be in, each with a controller that runs unless the scenario closes it. */
export interface Album {
  readonly before: Picture;
  readonly after: Picture;
  readonly between: readonly Picture[];
}

/** Longer than the reaper and the kernel take for what goes in its own time, milliseconds. */
const patience = 2500;

const albums = new Map<Scenario, Promise<Album>>();

export function albumOf(scenario: Scenario): Promise<Album> {
  const known = albums.get(scenario);
  if (known !== undefined) return known;
  const made = readAlbum(scenario) ?? makeAlbum(scenario);
  albums.set(scenario, made);
  return made;
}

function fileOf({ name }: Scenario): string {
  return join(setting().albums, `${name}.json`);
}

/** Of another process of this run. */
function readAlbum(scenario: Scenario): Promise<Album> | undefined {
  try {
    return Promise.resolve(JSON.parse(readFileSync(fileOf(scenario), "utf8")) as Album);
  } catch {
    return undefined;
  }
}

function keepAlbum(scenario: Scenario, album: Album): void {
  const file = fileOf(scenario);
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(album));
  renameSync(`${file}.${process.pid}`, file);
}

async function makeAlbum(scenario: Scenario): Promise<Album> {
  const { opens = false, step, between = [] } = scenario;
  const pictures: Picture[] = [];
  // What opens is seen as it is once it was opened: before that, nothing is held.
  for (const play of [opens ? step : () => undefined, step, ...between]) {
    pictures.push(
      await onHost(async (host) => {
        await prepare(host, scenario);
        if (!opens) await host.start();
        await play(host);
        // Closing waits for the reaper.
        if (scenario.closes !== true || play !== step) await namesTakenUp(await host.restart());
        const shown = await settled(host);
        await host.restart();
        return shown;
      }),
    );
  }
  const [before = [], after = [], ...others] = pictures;
  const album = { before, after, between: others };
  keepAlbum(scenario, album);
  return album;
}

/** Everything before the step, with the controller stopped. */
export async function prepare(host: TestHost, { prepare: steps }: Scenario): Promise<void> {
  for (const step of steps) await step(host);
  await host.stop();
}

/**
 * A host that is let go at the end: this process must then hold nothing of it.
 *
 * @param cleared everything on it is deleted before, and nothing must be left: twice the time
 */
export async function onHost<T>(action: (host: TestHost) => Promise<T>, cleared = false): Promise<T> {
  const ends: (() => unknown)[] = [];
  // What is not mended by itself shows.
  const options = { selfHeal: false, resolver: setting().resolver };
  const host = await TestHost.create(
    { after: (end: unknown) => void ends.push(end as () => unknown) },
    options,
  );
  let result: T;
  try {
    result = await action(host);
  } catch (error) {
    // What failed is the error to show.
    for (const end of ends) await Promise.resolve(end()).catch(() => undefined);
    throw error;
  }
  if (!cleared) await host.letGo();
  else for (const end of ends) await end();
  return result;
}

/** Waits for a host to show one of some states; answers which. */
export async function assertShows(
  host: TestHost,
  states: readonly Picture[],
  when: string,
): Promise<Picture> {
  const giveUp = Date.now() + patience;
  for (;;) {
    const shown = look(host);
    const found = states.find((state) => differences(shown, state).length === 0);
    if (found !== undefined) return found;
    if (Date.now() > giveUp)
      throw new Error(`${when} the host is not as it should be:\n${nearest(shown, states)}`);
    await sleep(5);
  }
}

async function settled(host: TestHost): Promise<Picture> {
  const giveUp = Date.now() + patience;
  for (;;) {
    const shown = lookOutside(host);
    if (!shown.some(isGoing)) return [...shown, ...answeredNames(host, { surely: true })].sort();
    if (Date.now() > giveUp) throw new Error(`something does not go:\n${shown.filter(isGoing).join("\n")}`);
    await sleep(5);
  }
}

function look(host: TestHost): Picture {
  return [...lookOutside(host), ...answeredNames(host)].sort();
}

/** All but what programs in the sandboxes are told. */
function lookOutside(host: TestHost): Picture {
  return [...picture(host), ...records(host.options.stateDir)];
}

/** What is stored, by names. */
function records(stateDir: string): string[] {
  using database = new DatabaseSync(join(stateDir, "causeway.db"), { readOnly: true });
  const rows = database.prepare("SELECT kind, value FROM records").all();
  return rows.map(({ kind, value }) => {
    const { name, containerId, join: joined, state, released, options } = JSON.parse(String(value)) ?? {};
    const ports = state?.bindings?.map(({ hostPort }: { hostPort: number }) => hostPort).join() ?? "";
    const more = [joined && "joined", released && "released", ports, options?.hostname].filter(Boolean);
    return `record ${kind} ${name ?? containerId ?? ""} ${more.join(" ")}`.trim();
  });
}

function nearest(shown: Picture, states: readonly Picture[]): string {
  const all = states.map((state) => differences(shown, state)).sort((a, b) => a.length - b.length);
  return (all[0] ?? []).slice(0, 40).join("\n");
}
