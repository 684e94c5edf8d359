/**
 * Healer: what somebody else takes away is put back. It hears of it by hints, looks, mends, and tells; where a hand takes it away
 * again and again it waits longer each time, and gives up at last.
 *
 * It is in nobody's way: it holds locks only where something is wrong, keeps no process alive, and fails no operation.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { HealingEventType, Patient } from "../../contracts/healing.ts";
import type { HealthItem, HealthSubject } from "../../contracts/health.ts";
import type { Hint, HostWatch } from "../../contracts/host-watch.ts";
import { messageOf } from "../../errors.ts";
import { subjectKey } from "../health/subject-health.ts";
import { Course, type Outcome } from "./course.ts";

/** Subjects that are looked at at one time: one may wait for a lock that an operation holds. */
const atOnce = 4;

export class Healer {
  readonly #patient: Patient;
  readonly #watch: HostWatch;
  readonly #courses = new Map<string, Course>();
  /** Codes of what cannot be mended and was told of, by subject. */
  readonly #told = new Map<string, string>();
  #ready: Course[] = [];
  readonly #workers = new Set<Promise<void>>();
  #closed = false;

  /** Begins at once. */
  constructor(patient: Patient, watch: HostWatch) {
    this.#patient = patient;
    this.#watch = watch;
    watch.start((hints) => this.#hear(hints));
  }

  /** What was given up is tried again when somebody touches it next: whoever calls has just mended it. */
  forgive(): void {
    for (const course of this.#courses.values()) course.stop();
    this.#courses.clear();
  }

  /** Ends. What is being mended is waited for. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#watch.close();
    this.#ready = [];
    this.forgive();
    await Promise.all(this.#workers);
  }

  #hear(hints: readonly Hint[]): void {
    if (this.#closed) return;
    for (const hint of hints) {
      if (hint.about !== "nothing") continue;
      const { unheard, reason } = hint;
      const attributes = { unheard, reason };
      this.#patient.tell({ type: "health:unheard", id: "host", name: "host", attributes });
    }
    for (const subject of this.#patient.suspects(hints)) this.#courseOf(subject).hint();
  }

  #courseOf(subject: HealthSubject): Course {
    const key = subjectKey(subject);
    const there = this.#courses.get(key);
    if (there !== undefined) return there;
    const forget = (course: Course) => {
      if (this.#courses.get(key) === course) this.#courses.delete(key);
    };
    const made = new Course(subject, (course) => this.#enqueue(course), forget);
    this.#courses.set(key, made);
    return made;
  }

  #enqueue(course: Course): void {
    this.#ready.push(course);
    if (this.#workers.size >= atOnce) return;
    const worker = this.#work().finally(() => this.#workers.delete(worker));
    this.#workers.add(worker);
  }

  async #work(): Promise<void> {
    for (let course = this.#ready.shift(); course !== undefined; course = this.#ready.shift()) {
      const outcome = await this.#treat(course);
      if (this.#closed) return;
      course.acted(outcome);
      // Whatever else waits for the event loop comes in between.
      await nextTurn();
    }
  }

  async #treat(course: Course): Promise<Outcome> {
    try {
      const found = await this.#patient.inspect(course.subject);
      return await this.#treatFound(course, found);
    } catch (error) {
      if (this.#closed) return "nothing";
      course.mends++;
      return this.#failed(course, [], messageOf(error));
    }
  }

  async #treatFound(course: Course, found: readonly HealthItem[]): Promise<Outcome> {
    const broken = found.filter(({ repairable }) => repairable);
    this.#tellOthers(course, found);
    if (found.some(({ nature }) => nature === "lost")) await this.#patient.mend(course.subject);
    if (broken.length === 0) return "nothing";
    if (course.exhausted) return this.#giveUp(course, broken, "it is damaged again each time");
    this.#tell("health:noticed", course, { codes: codesOf(broken), messages: messagesOf(broken) });
    course.mends++;
    const left = await this.#patient.mend(course.subject);
    const still = left.filter(({ repairable }) => repairable);
    if (still.length > 0) return this.#failed(course, still, messagesOf(still));
    this.#tell("health:mended", course, { codes: codesOf(broken), mends: String(course.mends) });
    return "mended";
  }

  /** What cannot be mended is told once, as long as it stays. */
  #tellOthers(course: Course, found: readonly HealthItem[]): void {
    const others = found.filter(({ repairable, nature }) => !repairable && nature !== "kept");
    const codes = codesOf(others);
    const key = subjectKey(course.subject);
    if (codes === "") this.#told.delete(key);
    else if (this.#told.get(key) !== codes) {
      this.#told.set(key, codes);
      this.#tell("health:noticed", course, { codes, messages: messagesOf(others) });
    }
  }

  #failed(course: Course, items: readonly HealthItem[], reason: string): Outcome {
    return course.exhausted ? this.#giveUp(course, items, reason) : "failed";
  }

  #giveUp(course: Course, items: readonly HealthItem[], reason: string): Outcome {
    const mend = "find out who does this, then call repair(), or leave it alone for a minute";
    this.#tell("health:gave-up", course, { codes: codesOf(items), reason, mend });
    return "given-up";
  }

  #tell(type: HealingEventType, { subject }: Course, attributes: Readonly<Record<string, string>>): void {
    const { id, name } = "id" in subject ? subject : { id: subject.kind, name: subject.kind };
    this.#patient.tell({ type, id, name, attributes: { subject: subject.kind, ...attributes } });
  }
}

const codesOf = (items: readonly HealthItem[]) => [...new Set(items.map(({ code }) => code))].join(",");
const messagesOf = (items: readonly HealthItem[]) => items.map(({ message }) => message).join("; ");
