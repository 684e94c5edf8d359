/**
 * Questions that users ask in a sandbox's place.
 */
import { parseIp } from "../../address/ip.ts";
import type { Lookup, Trace } from "../../contracts/names.ts";
import { conflict } from "../../errors.ts";
import { invalidOption, objectOf, type Parsed, type Parser, string } from "../../options/parse.ts";
import { assertAlive } from "../lost.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import { hasResolver } from "./sandbox-resolver.ts";

/** Names of types, RFC 3597 section 5 for those that have none here: the resolver knows which. */
const recordType: Parser<string> = (value, name) => {
  const text = string(value, name).toUpperCase();
  if (/^[A-Z][A-Z0-9]{0,9}$/.test(text)) return text;
  throw invalidOption(name, value, 'a type of records, as in "AAAA"');
};

const questionTable = {
  /** Default: A; PTR where the name is an address. */
  type: recordType,
};

/** Options of {@link Sandbox.resolve}. */
export interface QuestionOptions extends Parsed<typeof questionTable> {}

/**
 * @param name a name, or an address, whose name is asked for
 * @throws resolver_off, invalid_name, unknown_record_type, resolver_failed ...
 */
export function trace(sandbox: SandboxCore, name: string, options: QuestionOptions): Promise<Trace> {
  sandbox.assertUsable();
  const asked = string(name, "name");
  const { type } = objectOf(questionTable)(options, "options");
  const { stack } = sandbox;
  assertAlive(sandbox);
  const { resolver } = sandbox.engine.parts;
  if (resolver === undefined || !hasResolver(stack)) throw resolverOff(sandbox, resolver === undefined);
  const address = addressIn(asked);
  return resolver.trace(stack.id, address ?? asked, type ?? (address === undefined ? "A" : "PTR"));
}

/** Without how it was found. */
export function lookupOf({ steps: _, ...lookup }: Trace): Lookup {
  return lookup;
}

function addressIn(text: string): string | undefined {
  try {
    return parseIp(text).toString();
  } catch {
    return undefined;
  }
}

function resolverOff({ name }: SandboxCore, everywhere: boolean): Error {
  const why = everywhere
    ? "the controller was opened with resolver: false"
    : "it is in no network that somebody made, or its endpoints have disableResolution";
  return conflict("resolver_off", `names are not answered in sandbox "${name}": ${why}`, name);
}
