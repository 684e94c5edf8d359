/**
 * The allocator's choice against a plain model that walks lists. In SCTP, for which no socket is opened: what other programs
 * hold is another test's subject.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { NetNamespace, writeSysctl } from "@causeway/kernel";
import fc from "fast-check";
import type { PortBinding, PortMapping } from "../contracts/driver.ts";
import { CausewayError } from "../errors.ts";
import { PortAllocator } from "./port-allocator.ts";
import { both } from "./test-support.ts";

const automatic = { first: 2000, last: 2009, reserved: [2001, 2004, 2005] };

const host = NetNamespace.create();
after(() => host[Symbol.dispose]());
host.run(() => {
  writeSysctl("net/ipv4/ip_local_port_range", `${automatic.first} ${automatic.last}`);
  writeSysctl("net/ipv4/ip_local_reserved_ports", "2001,2004-2005");
});

type Held = Pick<PortBinding, "hostAddress" | "hostPort"> & { readonly endpoint: string };

class Model {
  held: Held[] = [];
  #next = automatic.first;

  /** For each mapping its port, or the code of the error. */
  reserve(endpoint: string, mappings: readonly PortMapping[]): number[] | string {
    if (this.#hasDuplicates(mappings)) return "duplicate_port";
    const before = [...this.held];
    const ports = new Map<PortMapping, number>();
    for (const mapping of inSearchOrder(mappings)) {
      const port = this.#candidates(mapping).find((candidate) => this.#isFree(mapping, candidate));
      if (port === undefined) {
        this.held = before;
        return mapping.hostPort === undefined ? "no_free_port" : "port_in_use";
      }
      if (mapping.hostPort === undefined) this.#next = port + 1;
      ports.set(mapping, port);
      for (const hostAddress of addressesOf(mapping))
        this.held.push({ endpoint, hostAddress, hostPort: port });
    }
    return mappings.map((mapping) => ports.get(mapping) ?? 0);
  }

  release(endpoint: string): void {
    this.held = this.held.filter((held) => held.endpoint !== endpoint);
  }

  #candidates({ hostPort, hostPortEnd }: PortMapping): number[] {
    if (hostPort !== undefined) return integers(hostPort, hostPortEnd ?? hostPort);
    const all = integers(automatic.first, automatic.last);
    const ordered = [...all.filter((port) => port >= this.#next), ...all.filter((port) => port < this.#next)];
    return ordered.filter((port) => !automatic.reserved.includes(port));
  }

  #isFree(mapping: PortMapping, port: number): boolean {
    return !addressesOf(mapping).some((address) =>
      this.held.some(({ hostAddress, hostPort }) => hostPort === port && overlap(hostAddress, address)),
    );
  }

  #hasDuplicates(mappings: readonly PortMapping[]): boolean {
    const exact = mappings
      .filter(isExact)
      .flatMap((mapping) => addressesOf(mapping).map((address) => ({ address, port: mapping.hostPort })));
    return exact.some((one, at) =>
      exact.slice(at + 1).some((other) => one.port === other.port && overlap(one.address, other.address)),
    );
  }
}

function integers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
}

function addressesOf({ hostAddress }: PortMapping): string[] {
  return hostAddress === undefined ? ["0.0.0.0", "::"] : [hostAddress];
}

function overlap(one: string, other: string): boolean {
  if (one.includes(":") !== other.includes(":")) return false;
  return one === other || [one, other].some((address) => address === "0.0.0.0" || address === "::");
}

function isExact({ hostPort, hostPortEnd }: PortMapping): boolean {
  return hostPort !== undefined && (hostPortEnd ?? hostPort) === hostPort;
}

function inSearchOrder(mappings: readonly PortMapping[]): PortMapping[] {
  const exact = mappings.filter(isExact);
  const automatic = mappings.filter(({ hostPort }) => hostPort === undefined);
  const ranges = mappings.filter((mapping) => !exact.includes(mapping) && !automatic.includes(mapping));
  return [...exact, ...ranges.sort((a, b) => (a.hostPortEnd ?? 0) - (b.hostPortEnd ?? 0)), ...automatic];
}

const mapping: fc.Arbitrary<PortMapping> = fc
  .record({
    containerPort: fc.integer({ min: 1, max: 9 }),
    hostAddress: fc.constantFrom(undefined, undefined, "0.0.0.0", "::", "127.0.0.1", "192.0.2.1", "fd00::5"),
    ports: fc.option(
      fc.record({ first: fc.integer({ min: 1998, max: 2006 }), more: fc.integer({ min: 0, max: 4 }) }),
    ),
  })
  .map(({ containerPort, hostAddress, ports }) => ({
    protocol: "sctp",
    containerPort,
    ...(hostAddress === undefined ? {} : { hostAddress }),
    ...(ports === null ? {} : { hostPort: ports.first, hostPortEnd: ports.first + ports.more }),
  }));

const command = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      endpoint: fc.constantFrom("a", "b", "c"),
      reserve: fc.array(mapping, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ endpoint: fc.constantFrom("a", "b", "c"), release: fc.constant(true) }),
  },
);

/** What a call gives, or the code of the error that it throws. */
function outcome<T>(call: () => T): T | string {
  try {
    return call();
  } catch (error) {
    if (error instanceof CausewayError) return error.code;
    throw error;
  }
}

test("every choice is the one that the model makes, and what fails takes nothing", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
      using allocator = new PortAllocator(host);
      const model = new Model();
      for (const step of commands) {
        if ("release" in step) {
          allocator.release(step.endpoint);
          model.release(step.endpoint);
          continue;
        }
        const mappings = step.reserve;
        const expected = model.reserve(step.endpoint, mappings);
        const given = outcome(() => allocator.reserve(step.endpoint, both, mappings));
        if (typeof given === "string") {
          assert.equal(given, expected);
        } else {
          const wanted = mappings.flatMap((one, at) =>
            addressesOf(one).map((hostAddress) => ({
              protocol: "sctp" as const,
              containerPort: one.containerPort,
              hostAddress,
              hostPort: expected[at],
              containerAddress: hostAddress.includes(":") ? both.ipv6 : both.ipv4,
            })),
          );
          assert.deepEqual(given, wanted);
        }
      }
    }),
    { numRuns: 400 },
  );
});
