/**
 * A host for tests: a namespace of its own, and iproute2's view of it to hold ours against.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { isDeepStrictEqual } from "node:util";
import { patience } from "../../../../test/support/eventually.ts";
import type { Request } from "../netlink/message.ts";
import { NetNamespace } from "../sys/namespace.ts";
import * as link from "./link.ts";
import { Rtnl } from "./rtnl.ts";

/** An object of iproute2's JSON. */
export type Shown = Readonly<Record<string, unknown>>;

/** A veth pair. */
export function pair(name: string, peer: string): Request {
  return link.create({ name, info: { kind: "veth", veth: { peer: { name: peer } } } });
}

export class TestHost implements Disposable {
  readonly namespace = NetNamespace.create();
  readonly rtnl = new Rtnl(this.namespace);

  /** @param requests carried out at once */
  constructor(...requests: readonly Request[]) {
    this.rtnl.execute(...requests);
  }

  index(name: string): number {
    return this.rtnl.query(link.get({ name })).index;
  }

  names(): string[] {
    return this.rtnl
      .dump(link.list())
      .map(({ name }) => name)
      .sort();
  }

  up(...names: readonly string[]): void {
    this.rtnl.execute(...names.map((name) => link.change({ name }, { up: true })));
  }

  /** Runs a command of iproute2 inside, such as `ip link add br0 type bridge`; answers its JSON, if it prints any. */
  run(command: string): Shown[] {
    const [program = "", ...args] = command.split(" ");
    const options = { encoding: "utf8", maxBuffer: 1 << 28 } as const;
    const { status, stdout, stderr } = this.namespace.run(() => spawnSync(program, args, options));
    assert.equal(status, 0, `${command}: ${stderr}`);
    // iproute2 shows an interface that is missing from a filtered list as {}.
    return stdout.trim() === ""
      ? []
      : JSON.parse(stdout).filter((shown: Shown) => Object.keys(shown).length > 0);
  }

  [Symbol.dispose](): void {
    this.rtnl[Symbol.dispose]();
    this.namespace[Symbol.dispose]();
  }
}

/**
 * Fails unless two listings agree. The kernel changes things in its own time (link-local addresses and their state, groups
 * that are joined, counters, what is left of a lifetime): what came between the two is in both the next time.
 */
export function assertAgree(ours: () => unknown, theirs: () => unknown): void {
  const deadline = Date.now() + patience;
  let listings = [ours(), theirs()];
  while (!isDeepStrictEqual(listings[0], listings[1]) && Date.now() < deadline) listings = [ours(), theirs()];
  assert.deepEqual(listings[0], listings[1]);
}

/** Some properties of an object, those that it has. */
export function pick(object: Shown, ...names: readonly string[]): Shown {
  return Object.fromEntries(names.filter((name) => name in object).map((name) => [name, object[name]]));
}
