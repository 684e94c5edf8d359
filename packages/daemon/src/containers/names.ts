/**
 * Names of containers: Docker's form, and some that are made up.
 */
import { randomInt } from "node:crypto";
import { conflict, invalid } from "@causeway/libnetwork";

const form = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

const qualities = [
  "brisk",
  "calm",
  "clear",
  "deft",
  "early",
  "fair",
  "firm",
  "keen",
  "light",
  "lucid",
  "plain",
  "quick",
  "quiet",
  "sound",
  "steady",
  "true",
];
/** Ways over wet ground. */
const ways = [
  "arch",
  "bank",
  "bridge",
  "dyke",
  "ferry",
  "ford",
  "jetty",
  "ledge",
  "levee",
  "mole",
  "pass",
  "pier",
  "quay",
  "ridge",
  "span",
  "wharf",
];

/** @throws invalid_name, container_name_in_use */
export function checkedContainerName(name: string, isTaken: (name: string) => boolean): string {
  if (!form.test(name)) {
    const mend = "begin with a letter or a digit, and go on with these and . _ -, at most 128 in all";
    throw invalid("invalid_name", `container name ${JSON.stringify(name.slice(0, 200))}: ${mend}`, name);
  }
  if (isTaken(name)) {
    const mend = "choose another, or remove that container first";
    throw conflict("container_name_in_use", `there is a container "${name}" already: ${mend}`, name);
  }
  return name;
}

export function madeUpName(isTaken: (name: string) => boolean): string {
  for (;;) {
    const name = `${one(qualities)}_${one(ways)}${randomInt(1000)}`;
    if (!isTaken(name)) return name;
  }
}

function one(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? "plain";
}
