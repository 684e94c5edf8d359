/**
 * Conditions of this host as one of a cluster: whether what the hosts share can be reached, and whether the others can be.
 */
import { familyOf } from "../../address/ip.ts";
import type { HealthItem, HealthSubject } from "../../contracts/health.ts";
import type { ClusterHost } from "../../contracts/overlay.ts";
import type { CausewayError } from "../../errors.ts";
import type { Engine } from "../engine.ts";

const host: HealthSubject = { kind: "host" };
/** Hosts that an item names at most: there may be a thousand. */
const named = 3;

export function inspectCluster({ parts: { cluster }, global }: Engine): readonly HealthItem[] {
  if (cluster === undefined) return [];
  const { self, availability, refusal } = cluster;
  const items = availability.available ? refused(refusal) : away(availability.reason);
  if (global === undefined) return items;
  return [...items, ...sharedAddress(global.twins()), ...otherFamily(self, global.ofOtherFamily())];
}

function away(reason = "it does not answer"): readonly HealthItem[] {
  return [
    {
      code: "cluster_away",
      nature: "host",
      subject: host,
      message: `the cluster's etcd cannot be reached (${reason}): networks of the cluster carry what they did, and nothing of them can be changed`,
      mend: "see to etcd, to the way there, and to who this host says it is (cluster.etcd, cluster.user, cluster.tls-...): what is owed is done as soon as it answers",
      repairable: false,
    },
  ];
}

function refused(refusal: CausewayError | undefined): readonly HealthItem[] {
  if (refusal === undefined) return [];
  const { code, message } = refusal;
  return [
    {
      code,
      nature: "host",
      subject: host,
      message,
      mend:
        code === "host_id_in_use"
          ? "close this host's controller, and open it with an empty state directory: what is in it is the other host's"
          : "change that in the store that hosts share: this host goes on by itself then",
      repairable: false,
    },
  ];
}

function sharedAddress(twins: readonly ClusterHost[]): readonly HealthItem[] {
  return twins.map(({ name, address }) => ({
    code: "advertise_in_use",
    nature: "host",
    subject: host,
    message: `host "${name}" of the cluster says ${address} of itself, too: what the others send there reaches one of the two at most`,
    mend: "give each host an address of its own to advertise (cluster.advertise), and open again",
    repairable: false,
  }));
}

/** From IPv4 to IPv6 and back no tunnel leads. */
function otherFamily({ address }: ClusterHost, others: readonly ClusterHost[]): readonly HealthItem[] {
  if (others.length === 0) return [];
  const names = others.slice(0, named).map(({ name, address: theirs }) => `"${name}" (${theirs})`);
  const more = others.length > named ? ` and ${others.length - named} more` : "";
  return [
    {
      code: "advertise_family_mixed",
      nature: "host",
      subject: host,
      message: `this host is reached by IPv${familyOf(address)} (${address}), and not so ${names.join(", ")}${more} of the cluster: no packet of a network gets from here to there, or back`,
      mend: "have all hosts of the cluster advertise addresses of one family (cluster.advertise), and open again",
      repairable: false,
    },
  ];
}
