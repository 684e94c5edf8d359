/**
 * dockerd's part of a recorded conversation, said to a plugin: the same bytes in the same order.
 */

import { type PluginAddress, type RawAnswer, Transport } from "../client/index.ts";
import { messageOf } from "../errors.ts";
import { isMethodName, jsonIn, methods, readMessage } from "../protocol/index.ts";
import { valueDifferences } from "./compare.ts";
import { Correspondence } from "./correspondence.ts";
import type { Difference } from "./difference.ts";
import { methodOf, type RecordedExchange } from "./recording.ts";

export interface DockerdReplayOptions {
  /**
   * What must be as recorded. `shape`: the status, whether it is a failure, and that the protocol can read it. `values`: every field, too; one that is missing
   * is at its zero value.
   */
  readonly compare?: "shape" | "values";
  /** Milliseconds for an answer. Default: 30 s. */
  readonly timeout?: number;
}

/** @returns what the plugin answered otherwise; empty when it said what the recorded one did */
export async function replayAsDockerd(
  recording: readonly RecordedExchange[],
  address: PluginAddress,
  { compare = "shape", timeout = 30_000 }: DockerdReplayOptions = {},
): Promise<readonly Difference[]> {
  using transport = new Transport(address);
  const given = new Correspondence();
  const differences: Difference[] = [];
  for (const [index, exchange] of recording.entries()) {
    const { method, path, headers, step } = exchange;
    const body = following(exchange, given);
    const answer = await transport.exchange({
      method,
      path,
      body,
      headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
      timeout,
      limit: 1024 * 1024,
    });
    for (const difference of answerDifferences(exchange, answer, compare))
      differences.push({ index, step, method: methodOf(exchange), ...difference });
    learn(exchange.response, jsonIn(answer.text), given);
  }
  return differences;
}

type AnswerDifference = Pick<Difference, "what" | "recorded" | "actual">;

function answerDifferences(
  exchange: RecordedExchange,
  answer: RawAnswer,
  compare: "shape" | "values",
): readonly AnswerDifference[] {
  if (answer.status !== exchange.status)
    return [{ what: "status", recorded: exchange.status, actual: answer.status }];
  const actual = jsonIn(answer.text);
  const method = methodOf(exchange);
  if (actual === undefined || !isMethodName(method))
    return [{ what: "body", recorded: exchange.response, actual: answer.text }];
  const { errorField, response } = methods[method];
  const recordedFailure = failureIn(exchange.response, errorField);
  const actualFailure = failureIn(actual, errorField);
  if ((recordedFailure === undefined) !== (actualFailure === undefined))
    return [{ what: errorField, recorded: recordedFailure, actual: actualFailure }];
  try {
    const before = readMessage(response, exchange.response);
    const now = readMessage(response, actual);
    if (compare === "shape") return [];
    const found = [
      ...valueDifferences(
        { [errorField]: recordedFailure },
        { [errorField]: actualFailure },
        new Correspondence(),
      ),
      ...valueDifferences(before, now, new Correspondence()),
    ];
    return found.map(({ field, ...values }) => ({ what: field, ...values }));
  } catch (error) {
    return [{ what: messageOf(error), recorded: exchange.response, actual }];
  }
}

/** Fields by which an IPAM names what it has given, and by which it is asked for it again. */
const givenFields = ["PoolID", "Pool", "Address"] as const;

/** The request, about what this plugin has given where the recorded one had given something else. */
function following({ rawRequest }: RecordedExchange, given: Correspondence): string {
  const request = jsonIn(rawRequest);
  if (!isObject(request)) return rawRequest;
  const changed = Object.fromEntries(
    givenFields.flatMap((field) => {
      const value = request[field];
      if (typeof value !== "string") return [];
      const actual = given.actualOf(value);
      return actual === value ? [] : [[field, actual]];
    }),
  );
  if (Object.keys(changed).length === 0) return rawRequest;
  return `${JSON.stringify({ ...request, ...changed })}\n`;
}

function learn(recorded: unknown, actual: unknown, given: Correspondence): void {
  if (!isObject(recorded) || !isObject(actual)) return;
  for (const field of givenFields) {
    const [before, now] = [recorded[field], actual[field]];
    if (typeof before !== "string" || typeof now !== "string" || before === now) continue;
    given.set(before, now);
    // What is asked for is an address without prefix length.
    if (field === "Address") given.set(withoutLength(before), withoutLength(now));
  }
}

function withoutLength(cidr: string): string {
  return cidr.split("/", 1)[0] ?? cidr;
}

function failureIn(body: unknown, field: string): string | undefined {
  const text = isObject(body) ? body[field] : undefined;
  return typeof text === "string" && text !== "" ? text : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
