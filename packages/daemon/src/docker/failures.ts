/**
 * What a failure is in Docker's API: its status, and its words where Docker has words of its own for it.
 */
import { type CausewayError, invalid } from "@causeway/libnetwork";
import { failureOf } from "../server/failure.ts";
import { statusOf } from "../server/refusal.ts";

export interface DockerFailure {
  readonly status: number;
  readonly message: string;
}

type Words = (error: CausewayError) => string;

const overlap: Words = () => "Pool overlaps with other one on this address space";
const plugin: Words = ({ detail }) => `plugin ${JSON.stringify(field(detail, "driver"))} not found`;

/** By our code. */
const known: Readonly<Record<string, readonly [status: number, words: Words]>> = {
  network_name_in_use: [409, ({ detail }) => `network with name ${String(detail)} already exists`],
  config_network_not_found: [404, ({ detail }) => `configuration network "${String(detail)}" does not exist`],
  unknown_driver: [404, plugin],
  unknown_ipam_driver: [404, plugin],
  driver_singleton: [403, ({ detail }) => `only one instance of "${String(detail)}" network is allowed`],
  pool_overlap: [403, overlap],
  address_in_use: [403, () => "Address already in use"],
};

/** @param contentType what the request said of its body */
export function dockerFailure(error: unknown, contentType: string): DockerFailure {
  const failure = failureOf(error);
  const request = refusedRequest(error, contentType);
  if (request !== undefined) return { status: 400, message: request };
  const [status, words] = known[failure.code] ?? [statusOf(failure), ({ message }: CausewayError) => message];
  return { status, message: words(failure) };
}

/** What fastify refuses before a body is read, in Docker's words. */
function refusedRequest(error: unknown, contentType: string): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  if (error.code === "FST_ERR_CTP_EMPTY_JSON_BODY") return "got EOF while reading request body";
  if (error.code !== "unsupported_media_type") return undefined;
  return wrongContentType(contentType).message;
}

export function wrongContentType(type: string): CausewayError {
  return invalid("invalid_request", `Content-Type specified (${type}) must be 'application/json'`, type);
}

function field(detail: unknown, name: string): unknown {
  if (typeof detail !== "object" || detail === null) return detail;
  return Object.entries(detail).find(([key]) => key === name)?.[1];
}
