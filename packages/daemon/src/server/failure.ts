/**
 * What an error becomes when a request fails: one shape for what we throw, what a schema refuses and what nobody expected.
 */
import { isKernelError } from "@causeway/kernel";
import { CausewayError, invalid, messageOf, suggestion, unavailable } from "@causeway/libnetwork";
import type { FastifyError } from "fastify";
import { Refusal } from "./refusal.ts";

/** What a request that a schema refuses carries: ajv's errors, as fastify hands them on. */
interface SchemaFinding {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
  /** With ajv's `verbose`: the schema's object that the field is not in. */
  readonly parentSchema?: {
    readonly properties?: Readonly<Record<string, unknown>>;
    readonly additionalProperties?: unknown;
  };
  /** With ajv's `verbose`: what was looked at. */
  readonly data?: unknown;
}

/** Any error as one of ours. What is not made on purpose is `internal`. */
export function failureOf(error: unknown): CausewayError {
  if (error instanceof CausewayError) return error;
  if (isFastifyError(error)) return refusedRequest(error);
  if (isOverload(error)) {
    const message = `the daemon has nothing left to open with (${messageOf(error)}): try again when others have ended`;
    return unavailable("resources_exhausted", message, error);
  }
  if (isFullDisk(error)) {
    const message = `there is no space left where the daemon writes (${messageOf(error)}): make some in its state and run directories, and try again`;
    return unavailable("disk_full", message, error);
  }
  return new CausewayError("internal", "internal", messageOf(error), { cause: error });
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && "statusCode" in error;
}

function refusedRequest(error: FastifyError): CausewayError {
  const findings = (error.validation ?? []) as readonly SchemaFinding[];
  if (findings.length > 0) return schemaRefusal(findings, error.validationContext ?? "request");
  const status = error.statusCode ?? 500;
  if (status === 413)
    return new Refusal(
      413,
      "invalid",
      "request_too_large",
      "the body is larger than is read: ask for less at once",
    );
  if (status < 500) return new Refusal(status, "invalid", "invalid_request", error.message);
  // Fastify is closing.
  if (status === 503)
    return unavailable("closing", "the daemon is about to end: ask again when it has started anew", error);
  return new CausewayError("internal", "internal", error.message, { cause: error });
}

/** @param part body, querystring, params or headers */
function schemaRefusal(findings: readonly SchemaFinding[], part: string): CausewayError {
  const [finding] = findings;
  const where = `${part}${finding?.instancePath.replaceAll("/", ".") ?? ""}`;
  if (finding === undefined) return invalid("invalid_field", `${where} is not what is asked for`);
  const name = unknownName(finding);
  if (name !== undefined) {
    const known = Object.keys(finding.parentSchema?.properties ?? {});
    const hint = suggestion(name, known) || `: there are ${known.join(", ")}`;
    return invalid("unknown_field", `${where}: there is no field "${name}"${hint}`, { field: name, known });
  }
  // Of a choice, every alternative is told as a finding of its own.
  const choices = findings.filter(
    ({ keyword, instancePath }) => keyword === "const" && instancePath === finding.instancePath,
  );
  if (choices.length > 0) {
    const values = choices.map(({ params: { allowedValue } }) => allowedValue);
    return invalid("invalid_field", `${where} must be one of ${values.join(", ")}`, { allowed: values });
  }
  return invalid(
    "invalid_field",
    `${where} ${finding.message ?? "is not what is asked for"}`,
    finding.params,
  );
}

/** The field that nobody knows. Where one is missing, too, the slip is more often in the name than in leaving it out. */
function unknownName({ keyword, params, parentSchema, data }: SchemaFinding): string | undefined {
  if (keyword === "additionalProperties") return String(params.additionalProperty);
  if (keyword !== "required" || parentSchema?.additionalProperties !== false) return undefined;
  return Object.keys(data ?? {}).find((name) => !Object.hasOwn(parentSchema.properties ?? {}, name));
}

/** Of files; the store tells of its own. */
function isFullDisk(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}

/** Nothing is left to open with: it is tried again later. */
function isOverload(error: unknown): boolean {
  return isKernelError(error, "EMFILE") || isKernelError(error, "ENFILE") || isKernelError(error, "ENOMEM");
}
