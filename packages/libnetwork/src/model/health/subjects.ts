/**
 * Looking at one subject, and mending it: what the doctor does with all of them, and who hears of an event with one.
 */

import { type HealthItem, type HealthSubject, unread } from "../../contracts/health.ts";
import { messageOf } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import { endpointHealth } from "./endpoint-health.ts";
import { firewallHealth } from "./firewall-health.ts";
import { hostHealth } from "./host-health.ts";
import { networkHealth } from "./network-health.ts";
import { sandboxHealth } from "./sandbox-health.ts";
import { storeHealth } from "./store-health.ts";
import type { SubjectHealth } from "./subject-health.ts";

/**
 * What is not as it should be about one subject; nothing for one that is no more. Changes nothing. Takes the subject's locks, but
 * only where something seems wrong: it may be in the middle of a change.
 */
export async function inspectSubject(engine: Engine, subject: HealthSubject): Promise<readonly HealthItem[]> {
  const seen = await inspect(engine, subject);
  if (seen.length === 0) return seen;
  return locked(engine, subject, () => inspect(engine, subject));
}

/**
 * Mends what can be mended about one subject, under its locks, and looks first: a false alarm does nothing. Of what is lost the rest
 * is let go of.
 *
 * @returns what is left
 */
export function mendSubject(engine: Engine, subject: HealthSubject): Promise<readonly HealthItem[]> {
  return locked(engine, subject, async () => {
    const found = await inspect(engine, subject);
    if (!found.some(({ repairable, nature }) => repairable || nature === "lost")) return found;
    try {
      await healthOf(subject).mend(engine, subject, found);
    } catch (error) {
      const left = await inspect(engine, subject);
      return left.map((item) =>
        item.repairable ? { ...item, message: `${item.message}; ${failed(error)}` } : item,
      );
    }
    return inspect(engine, subject);
  });
}

function failed(error: unknown): string {
  return `it could not be mended: ${messageOf(error)}`;
}

async function inspect(engine: Engine, subject: HealthSubject): Promise<readonly HealthItem[]> {
  try {
    return await healthOf(subject).inspect(engine, subject);
  } catch (error) {
    return [
      unread(subject, "name" in subject ? `${subject.kind} "${subject.name}"` : `the ${subject.kind}`, error),
    ];
  }
}

function locked<T>(engine: Engine, subject: HealthSubject, action: () => Promise<T>): Promise<T> {
  return engine.exclusively(() => healthOf(subject).keys(engine, subject), action);
}

function healthOf({ kind }: HealthSubject): SubjectHealth {
  return healthOfKind[kind];
}

const healthOfKind: Readonly<Record<HealthSubject["kind"], SubjectHealth>> = {
  store: storeHealth,
  firewall: firewallHealth,
  host: hostHealth,
  network: networkHealth,
  endpoint: endpointHealth,
  sandbox: sandboxHealth,
};
