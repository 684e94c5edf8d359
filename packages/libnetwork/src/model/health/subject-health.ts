/**
 * How things of one kind are looked at, and put right.
 */
import type { HealthItem, HealthSubject } from "../../contracts/health.ts";
import type { Engine } from "../engine.ts";

export interface SubjectHealth<Subject extends HealthSubject = HealthSubject> {
  /** What is to be locked; {@link SubjectHealth.inspect} and mend do not. */
  keys(engine: Engine, subject: Subject): readonly string[];
  /** Changes nothing. */
  inspect(engine: Engine, subject: Subject): readonly HealthItem[] | Promise<readonly HealthItem[]>;
  /** Puts right what is repairable of what was just found. */
  mend(engine: Engine, subject: Subject, items: readonly HealthItem[]): void | Promise<void>;
}

/** Distinct for distinct subjects. */
export function subjectKey(subject: HealthSubject): string {
  return "id" in subject ? `${subject.kind} ${subject.id}` : subject.kind;
}
