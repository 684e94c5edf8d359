/**
 * A controller's model as a patient: its subjects, and its events.
 */
import type { Patient } from "../../contracts/healing.ts";
import type { Engine } from "../engine.ts";
import { inspectSubject, mendSubject } from "../health/subjects.ts";
import { suspects } from "./suspects.ts";

export function enginePatient(engine: Engine): Patient {
  return {
    suspects: (hints) => suspects(engine, hints),
    inspect: (subject) => inspectSubject(engine, subject),
    mend: (subject) => mendSubject(engine, subject),
    tell: ({ type, id, name, attributes }) => engine.events.emit(type, { id, name }, attributes),
  };
}
