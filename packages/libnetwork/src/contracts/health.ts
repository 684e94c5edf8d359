/**
 * Health: what is not as it should be, as plain data, each item with its mend. Every room says what it finds in its own
 * field; the model puts it together, and mends what is ours.
 */
import { messageOf } from "../errors.ts";

/** What an item is about: the finer, the better it can be mended alone. */
export type HealthSubject =
  | { readonly kind: "host" }
  | { readonly kind: "store" }
  | { readonly kind: "firewall" }
  | { readonly kind: "network"; readonly id: string; readonly name: string }
  | { readonly kind: "endpoint"; readonly id: string; readonly name: string }
  | { readonly kind: "sandbox"; readonly id: string; readonly name: string };

export type SubjectOf<Kind extends HealthSubject["kind"]> = Extract<HealthSubject, { readonly kind: Kind }>;

/**
 * `missing`: it should be there. `altered`: it is there, and not as we made it. `stale`: it is ours, and belongs to nothing that is
 * stored. `lost`: it is gone for good, with what was in it. `foreign`: somebody else's, in the way of ours. `host`: a condition
 * of the machine that breaks networking. `unread`: it could not be looked at. `kept`: somebody changed it on purpose, and it stays so: no
 * fault, but good to know.
 */
export type HealthNature = "missing" | "altered" | "stale" | "lost" | "foreign" | "host" | "unread" | "kept";

export interface HealthItem {
  /** Stable, to compare with: `bridge_missing`, `forward_dropped` ... docs/health-items.md lists them all. */
  readonly code: string;
  readonly nature: HealthNature;
  readonly subject: HealthSubject;
  /** What is wrong, with the names and values that it is about. */
  readonly message: string;
  /** What to do about it, in the imperative. */
  readonly mend: string;
  /** `controller.repair()` mends it. */
  readonly repairable: boolean;
}

/** What an item says, but for what it is about. */
export type Finding = Omit<HealthItem, "subject">;

/** Looks; what cannot be looked at is an item of its own, and in nobody's way. */
export function looking(
  subject: HealthSubject,
  what: string,
  look: () => readonly HealthItem[],
): readonly HealthItem[] {
  try {
    return look();
  } catch (error) {
    return [unread(subject, what, error)];
  }
}

/** @param what that could not be looked at: `the packet filter` */
export function unread(subject: HealthSubject, what: string, error: unknown): HealthItem {
  return {
    code: "unread",
    nature: "unread",
    subject,
    message: `${what} could not be looked at: ${messageOf(error)}`,
    mend: "see to what the error names, and look again",
    repairable: false,
  };
}
