/**
 * Conditions of the machine: what is ours to mend among them, its drivers say.
 */
import { type HealthItem, type HealthSubject, looking } from "../../contracts/health.ts";
import type { Engine } from "../engine.ts";
import { sweep } from "../sweep.ts";
import { inspectCluster } from "./cluster-health.ts";
import { inspectSpace } from "./disk-space.ts";
import { findSurelyStale, inspectStale } from "./stale.ts";
import type { SubjectHealth } from "./subject-health.ts";

const host: HealthSubject = { kind: "host" };

export const hostHealth: SubjectHealth = {
  keys: () => [],

  async inspect(engine) {
    const { drivers, firewall, netstack, directories } = engine.parts;
    return [
      ...[...drivers.values()].flatMap(({ type, health }) =>
        looking(
          host,
          `what networks of the ${type} driver need of the host`,
          () => health?.inspectHost() ?? [],
        ),
      ),
      ...nothingForwarded(
        engine,
        looking(host, "other people's rules", () => firewall.inspectForeign()),
      ),
      ...looking(host, "the host", () => netstack.inspectHost()),
      ...directories.flatMap((path) => looking(host, path, () => inspectSpace(path))),
      ...(await inspectStale(engine)),
      ...owedToPlugins(engine),
      ...inspectCluster(engine),
    ];
  },

  async mend(engine) {
    for (const { health } of engine.parts.drivers.values()) await health?.mendHost();
    sweep(engine, await findSurelyStale(engine));
  },
};

/** What plugins did not take back, for they are away: they are asked again by and by. */
function owedToPlugins({ intents }: Engine): readonly HealthItem[] {
  return [...intents.owed()].map(([name, count]) => ({
    code: "plugin_away",
    nature: "host",
    subject: host,
    message: `${count} ${count === 1 ? "thing is" : "things are"} still to be taken back by plugin ${name}, which does not answer`,
    mend: "start the plugin: it is asked as soon as it answers",
    repairable: false,
  }));
}

/** Who drops what is forwarded is in nobody's way where nothing is to be. */
function nothingForwarded({ networks }: Engine, items: readonly HealthItem[]): readonly HealthItem[] {
  const forwards = [...networks].some(
    ({ driver, configOnly, record }) =>
      !configOnly && driver.health !== undefined && !record.options.internal,
  );
  return forwards ? items : [];
}
