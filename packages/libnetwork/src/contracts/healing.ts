/**
 * What is healed, and how: for a healer, which knows when. A controller's model is one patient, what is served to somebody else's another.
 */
import type { HealthItem, HealthSubject } from "./health.ts";
import type { Hint } from "./host-watch.ts";

export type HealingEventType = "health:noticed" | "health:mended" | "health:gave-up" | "health:unheard";

export interface HealingEvent {
  readonly type: HealingEventType;
  /** Of a network, an endpoint or a sandbox; otherwise what kind of subject it is about. */
  readonly id: string;
  readonly name: string;
  /** `codes`, `messages`, `mends`, `reason` ... */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Patient {
  /** What hints may be about: distinct, in the order in which they are to be looked at. */
  suspects(hints: readonly Hint[]): readonly HealthSubject[];
  inspect(subject: HealthSubject): Promise<readonly HealthItem[]>;
  /** Mends what can be, and looks first. Answers what is left. */
  mend(subject: HealthSubject): Promise<readonly HealthItem[]>;
  tell(event: HealingEvent): void;
}
