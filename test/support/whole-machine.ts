// Suites that change settings of the whole machine: they run in a virtual machine only (machine-limits.peers.test.ts).

import { readSysctl, writeSysctl } from "@causeway/kernel";

/** For the `skip` option of a test: false where the machine is thrown away afterwards. */
export const needsOwnMachine =
  process.env.CAUSEWAY_OWN_MACHINE === "1"
    ? false
    : "changes the machine: npm run test:peers runs it in another";

/** A setting of the machine (a key below /proc/sys, or another path) that is put back when it is disposed of. */
export class MachineSetting implements Disposable {
  readonly #key: string;
  readonly #before: string;

  constructor(key: string, value: string | number) {
    this.#key = key;
    this.#before = readSysctl(key);
    writeSysctl(key, value);
  }

  [Symbol.dispose](): void {
    writeSysctl(this.#key, this.#before);
  }
}
