/**
 * What could not be taken up from the store when the controller opened, as items.
 */

import type { HealthItem, HealthSubject } from "../../contracts/health.ts";
import { messageOf } from "../../errors.ts";

/** @param repairable it can be tried again */
export function notRestoredItem(subject: HealthSubject, error: unknown, repairable: boolean): HealthItem {
  const reason = messageOf(error);
  return {
    code: `${subject.kind}_not_restored`,
    nature: "missing",
    subject,
    message: `what is stored of it could not be taken up when the controller opened: ${reason}`,
    mend: repairable
      ? "see to what the reason names, and call repair()"
      : "see to what the reason names, and open the controller again",
    repairable,
  };
}
