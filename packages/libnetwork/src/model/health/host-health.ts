/**
 * Conditions of the machine: what is ours to mend among them, its drivers say.
 */
import { type HealthItem, type HealthSubject, looking } from "../../contracts/health.ts";
import type { Engine } from "../engine.ts";
import { sweep } from "../sweep.ts";
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
    ];
  },

  async mend(engine) {
    for (const { health } of engine.parts.drivers.values()) health?.mendHost();
    sweep(engine, await findSurelyStale(engine));
  },
};

/** Who drops what is forwarded is in nobody's way where nothing is to be. */
function nothingForwarded({ networks }: Engine, items: readonly HealthItem[]): readonly HealthItem[] {
  const forwards = [...networks].some(
    ({ driver, configOnly, record }) =>
      !configOnly && driver.health !== undefined && !record.options.internal,
  );
  return forwards ? items : [];
}
