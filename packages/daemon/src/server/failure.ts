/**
 * What an error becomes when a request fails: one shape for what we throw, what a schema refuses and what nobody expected.
 */
import { isKernelError } from "@causeway/kernel";
import { CausewayError, invalid, messageOf, suggestion } from "@causeway/libnetwork";
import type { FastifyError } from "fastify";

/** What a request that a schema refuses carries: ajv's errors, as fastify hands them on. */
interface SchemaFinding {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
  /** With ajv's `verbose`: the schema's object that the field is not in. */
  readonly parentSchema?: { readonly properties?: Readonly<Record<string, unknown>> };
}

/** Any error as one of ours. What is not made on purpose is `internal`. */
export function failureOf(error: unknown): CausewayError {
  if (error instanceof CausewayError) return error;
  if (isFastifyError(error)) return refusedRequest(error);
  return new CausewayError("internal", "internal", messageOf(error), { cause: error });
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && "statusCode" in error;
}

function refusedRequest(error: FastifyError): CausewayError {
  const [finding] = (error.validation ?? []) as readonly SchemaFinding[];
  if (finding !== undefined) return schemaRefusal(finding, error.validationContext ?? "request");
  if (error.code === "FST_ERR_CTP_BODY_TOO_LARGE")
    return invalid("request_too_large", "the body is larger than is read: ask for less at once");
  if ((error.statusCode ?? 500) < 500) return invalid("invalid_request", error.message);
  return new CausewayError("internal", "internal", error.message, { cause: error });
}

/** @param part body, querystring, params or headers */
function schemaRefusal(finding: SchemaFinding, part: string): CausewayError {
  const where = `${part}${finding.instancePath.replaceAll("/", ".")}`;
  if (finding.keyword === "additionalProperties") {
    const name = String(finding.params["additionalProperty"]);
    const known = Object.keys(finding.parentSchema?.properties ?? {});
    const hint = suggestion(name, known) || `: there are ${known.join(", ")}`;
    return invalid("unknown_field", `${where}: there is no field "${name}"${hint}`, { field: name, known });
  }
  return invalid(
    "invalid_field",
    `${where} ${finding.message ?? "is not what is asked for"}`,
    finding.params,
  );
}

/** Nothing is left to open with: it is tried again later. */
export function isOverload(error: unknown): boolean {
  return isKernelError(error, "EMFILE") || isKernelError(error, "ENFILE") || isKernelError(error, "ENOMEM");
}
