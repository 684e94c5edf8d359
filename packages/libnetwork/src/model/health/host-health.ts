/**
 * Conditions of the machine: what is ours to mend among them, its drivers say.
 */
import { type HealthItem, type HealthSubject, looking } from "../../contracts/health.ts";
import type { CausewayError } from "../../errors.ts";
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
      ...owedToPlugins(engine),
      ...clusterAway(engine),
      ...sharedAddress(engine),
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

function clusterAway({ parts: { cluster } }: Engine): readonly HealthItem[] {
  if (cluster === undefined) return [];
  if (cluster.availability.available) return cluster.refusal === undefined ? [] : [refused(cluster.refusal)];
  return [
    {
      code: "cluster_away",
      nature: "host",
      subject: host,
      message: `the cluster's etcd cannot be reached (${cluster.availability.reason ?? "it does not answer"}): networks of the cluster carry what they did, and nothing of them can be changed`,
      mend: "see to etcd, to the way there, and to who this host says it is (cluster.etcd, cluster.user, cluster.tls-...): what is owed is done as soon as it answers",
      repairable: false,
    },
  ];
}

function sharedAddress({ global }: Engine): readonly HealthItem[] {
  return (global?.twins() ?? []).map(({ name, address }) => ({
    code: "advertise_in_use",
    nature: "host",
    subject: host,
    message: `host "${name}" of the cluster says ${address} of itself, too: what the others send there reaches one of the two at most`,
    mend: "give each host an address of its own to advertise (cluster.advertise), and open again",
    repairable: false,
  }));
}

function refused({ code, message }: CausewayError): HealthItem {
  return {
    code,
    nature: "host",
    subject: host,
    message,
    mend:
      code === "host_id_in_use"
        ? "close this host's controller, and open it with an empty state directory: what is in it is the other host's"
        : "change that in the store that hosts share: this host goes on by itself then",
    repairable: false,
  };
}

/** Who drops what is forwarded is in nobody's way where nothing is to be. */
function nothingForwarded({ networks }: Engine, items: readonly HealthItem[]): readonly HealthItem[] {
  const forwards = [...networks].some(
    ({ driver, configOnly, record }) =>
      !configOnly && driver.health !== undefined && !record.options.internal,
  );
  return forwards ? items : [];
}
