/**
 * What is served, as a patient: what somebody takes away of bridges, ports of bridges, rules and forwarding is put back. An endpoint whose pair is gone is
 * told of, for its other end was dockerd's, with addresses and routes that we do not know.
 */

import type { Firewall } from "../contracts/firewall.ts";
import type { HealingEvent, Patient } from "../contracts/healing.ts";
import { type HealthItem, type HealthSubject, looking } from "../contracts/health.ts";
import type { Hint } from "../contracts/host-watch.ts";
import type { ServedDriverParts } from "./served-parts.ts";

export interface ServedPatientParts
  extends Pick<ServedDriverParts, "driver" | "objects" | "mutex" | "letPass"> {
  readonly firewall: Firewall;
  readonly onHealth: (event: HealingEvent) => void;
}

export class ServedPatient implements Patient {
  readonly #parts: ServedPatientParts;

  constructor(parts: ServedPatientParts) {
    this.#parts = parts;
  }

  suspects(hints: readonly Hint[]): readonly HealthSubject[] {
    const found = hints.flatMap((hint) => this.#suspectsOf(hint));
    const isAbout = (kind: HealthSubject["kind"]) => found.filter((subject) => subject.kind === kind);
    const inOrder = (["host", "firewall", "network", "endpoint"] as const).flatMap(isAbout);
    return [...new Map(inOrder.map((subject) => [keyOf(subject), subject])).values()];
  }

  #suspectsOf(hint: Hint): readonly HealthSubject[] {
    const { networks, endpoints } = this.#parts.objects;
    switch (hint.about) {
      case "everything":
        return [
          { kind: "host" },
          { kind: "firewall" },
          ...[...networks.keys(), ...endpoints.keys()].flatMap((id) => this.#object(id)),
        ];
      case "host":
      case "firewall":
        return [{ kind: hint.about }];
      case "object":
        return this.#object(hint.id);
      case "link":
        return this.#object(this.#parts.driver.networkOn?.(hint.name) ?? "");
      case "namespace":
      case "nothing":
        return [];
    }
  }

  #object(id: string): readonly HealthSubject[] {
    const { networks, endpoints } = this.#parts.objects;
    const network = networks.get(id);
    if (network !== undefined) return [{ kind: "network", id, name: network.spec.name }];
    const endpoint = endpoints.get(id);
    return endpoint?.joined === true ? [{ kind: "endpoint", id, name: endpoint.spec.name }] : [];
  }

  inspect(subject: HealthSubject): Promise<readonly HealthItem[]> {
    return this.#locked(subject, () => this.#inspect(subject));
  }

  mend(subject: HealthSubject): Promise<readonly HealthItem[]> {
    return this.#locked(subject, async () => {
      const found = this.#inspect(subject);
      if (!found.some(({ repairable }) => repairable)) return found;
      await this.#mend(subject);
      return this.#inspect(subject);
    });
  }

  tell(event: HealingEvent): void {
    this.#parts.onHealth(event);
  }

  #locked<T>(subject: HealthSubject, action: () => T | Promise<T>): Promise<T> {
    return this.#parts.mutex.run("id" in subject ? [subject.id] : [], async () => action());
  }

  #inspect(subject: HealthSubject): readonly HealthItem[] {
    const { driver, firewall, objects } = this.#parts;
    const { health } = driver;
    switch (subject.kind) {
      case "host":
        return looking(subject, "the host", () => health?.inspectHost() ?? []);
      case "firewall":
        return firewall.inspect();
      case "network":
        return health?.inspectNetwork(subject.id) ?? [];
      case "endpoint": {
        const endpoint = objects.endpoints.get(subject.id);
        if (endpoint?.joined !== true) return [];
        const found = health?.inspectEndpoint(endpoint.spec.networkId, subject.id) ?? [];
        return found.map(withoutPair);
      }
      default:
        return [];
    }
  }

  async #mend(subject: HealthSubject): Promise<void> {
    const { driver, firewall, objects, letPass } = this.#parts;
    switch (subject.kind) {
      case "host":
        return driver.health?.mendHost();
      case "firewall":
        firewall.install();
        return objects.networks.size > 0 ? letPass() : undefined;
      case "network":
        return driver.health?.mendNetwork(subject.id);
      case "endpoint": {
        const endpoint = objects.endpoints.get(subject.id);
        if (endpoint !== undefined) driver.health?.mendEndpoint(endpoint.spec.networkId, subject.id);
      }
    }
  }
}

const keyOf = (subject: HealthSubject) => ("id" in subject ? subject.id : subject.kind);

/** Its other end went with it, out of a sandbox of dockerd's. */
function withoutPair(item: HealthItem): HealthItem {
  if (item.code !== "host_end_missing") return item;
  return { ...item, mend: "start the container anew: dockerd makes its interface again", repairable: false };
}
