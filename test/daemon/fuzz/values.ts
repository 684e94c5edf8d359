// Values of a schema. Fields with a meaning get values of small pools: many of them exist, and are taken, and overlap.

import fc from "fast-check";
import { type Document, resolved, type Schema } from "./document.ts";

/** Of networks, endpoints, sandboxes and containers: few, so that there are never many. */
const names = fc.constantFrom("a", "b", "c", "d", "e", "f");
const oddNames = fc.constantFrom(
  "",
  "none",
  "host",
  "bridge",
  "..",
  "a/b",
  "a\0b",
  "ä",
  "__proto__",
  "constructor",
  "x".repeat(300),
);
/** An object that there is when the request is sent, by its place among them; whole or the beginning of its id. */
const ids = fc.tuple(fc.nat({ max: 30 }), fc.boolean()).map(([at, whole]) => `@${at}${whole ? "" : "~"}`);
export const references = fc.oneof(
  { weight: 6, arbitrary: names },
  { weight: 6, arbitrary: ids },
  { weight: 1, arbitrary: oddNames },
  { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
);
const addresses = fc.constantFrom(
  "10.91.0.9",
  "10.91.0.1",
  "10.92.0.2",
  "fd91::9",
  "0.0.0.0",
  "::",
  "127.0.0.1",
  "10.91.0.300",
  "",
);
const paths = fc.constantFrom("/nonexistent", "relative", "/dev/null", "/", "", "/proc/self/ns/mnt", "/a\0b");
const subnets = fc.constantFrom(
  "10.91.0.0/24",
  "10.92.0.0/28",
  "10.91.0.0/16",
  "fd91::/64",
  "10.0.0.0/33",
  "nonsense",
  "0.0.0.0/24",
);
const ports = fc.oneof(fc.integer({ min: 21_000, max: 21_020 }), fc.integer({ min: -1, max: 70_000 }));

/** By the name of the field, whichever object it is in. */
const pools: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  name: fc.oneof({ weight: 8, arbitrary: names }, { weight: 1, arbitrary: oddNames }),
  containerid: names,
  endpointname: names,
  container: references,
  network: references,
  sandbox: references,
  sharewith: references,
  configfrom: names,
  driver: fc.constantFrom("bridge", "bridge", "bridge", "null", "host", "default", "nonsense"),
  subnet: subnets,
  iprange: subnets,
  ipv4address: addresses,
  ipv6address: addresses,
  gateway: addresses,
  address: addresses,
  hostaddress: addresses,
  mac: fc.constantFrom("02:00:00:00:00:09", "nonsense", "ff:ff:ff:ff:ff:ff"),
  macaddress: fc.constantFrom("02:00:00:00:00:09", "", "nonsense"),
  hostport: ports,
  hostportend: ports,
  containerport: ports,
  containerportend: ports,
  target: fc.oneof(names, oddNames),
  ttl: fc.integer({ min: -1, max: 1000 }),
  // Of records, and of questions; of events, one that there is not.
  type: fc.constantFrom("A", "A", "AAAA", "CNAME", "TXT", "SRV", "PTR", "TYPE65280", "nonsense", ""),
  // Namespaces and directories of this machine are not to be played with, and nothing is to be started.
  key: paths,
  path: paths,
  detached: fc.constant(false),
  pid: fc.constant(2 ** 22 + 1),
  command: fc.array(fc.constantFrom("true", ""), { maxLength: 2 }),
  // The log is not to be told everything.
  level: fc.constant("fatal"),
  // Server-sent events end by themselves.
  until: fc.constant(1),
  follow: fc.constant(false),
};

const keys = fc.oneof(
  fc.constantFrom("a", "com.docker.network.bridge.name", "mtu", "__proto__", "toString"),
  fc.string({ maxLength: 8 }),
);

/** @param depth how much further it goes down */
export function valueFor(schema: Schema, document: Document, name = "", depth = 5): fc.Arbitrary<unknown> {
  const pool = pools[name.toLowerCase()];
  const plain = resolved(schema, document);
  if (pool !== undefined && plain.type !== "object" && (plain.type !== "array" || name === "command"))
    return pool;
  if (plain.const !== undefined) return fc.constant(plain.const);
  if (plain.enum !== undefined) return fc.constantFrom(...plain.enum);
  if (plain.anyOf !== undefined)
    return fc.oneof(...plain.anyOf.map((choice) => valueFor(choice, document, name, depth)));
  const inner = (of: Schema, called: string) => valueFor(of, document, called, depth - 1);
  switch (plain.type) {
    case "boolean":
      return fc.boolean();
    case "integer":
    case "number":
      return fc.integer({ min: plain.minimum ?? -10, max: Math.min(plain.maximum ?? 1000, 100_000) });
    case "string":
      return fc.oneof(references, addresses, fc.string({ maxLength: 12 }));
    case "array":
      return depth === 0 ? fc.constant([]) : fc.array(inner(plain.items ?? {}, name), { maxLength: 3 });
    case "object":
      return depth === 0 ? fc.constant({}) : objectOf(plain, inner);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function objectOf(
  schema: Schema,
  inner: (of: Schema, called: string) => fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  const { properties, required = [], additionalProperties, patternProperties } = schema;
  if (properties === undefined) {
    const [of = typeof additionalProperties === "object" ? additionalProperties : {}] = Object.values(
      patternProperties ?? {},
    );
    return fc.dictionary(keys, inner(of, ""), { maxKeys: 3 });
  }
  // Most of the optional ones are left out: one that is wrong hides all others.
  const fields = Object.entries(properties).map(([name, of]) =>
    required.includes(name)
      ? inner(of, name).map((value) => [[name, value] as const])
      : fc
          .option(inner(of, name), { freq: 1, nil: undefined })
          .chain((value) =>
            fc
              .nat({ max: 3 })
              .map((roll) => (roll === 0 && value !== undefined ? [[name, value] as const] : [])),
          ),
  );
  return fc.tuple(...fields).map((found) => Object.fromEntries(found.flat()));
}
