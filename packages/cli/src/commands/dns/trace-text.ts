/**
 * A trace in plain words: where a name was looked for, who was asked, and what came of it.
 */
import type { Trace, TraceStep } from "@causeway/daemon/api";
import { whyNot } from "./reasons.ts";

/** A line for each step, without its number. */
export function stepText(step: TraceStep): string {
  switch (step.at) {
    case "extra hosts":
      return step.found === true ? "its extra hosts have it" : "its extra hosts do not have it";
    case "network":
      return `network ${step.network}: ${networkText(step)}`;
    case "private":
      return `nobody outside is asked: ${privateText(step)}`;
    case "alias":
      return `it leads on to ${step.target}, which others may know`;
    case "cache":
      return "others have been asked before: the answer was kept";
    case "server":
      return serverText(step);
    case "nobody":
      return "nobody was asked: there is no name server, or too many questions wait";
  }
}

function networkText({ name = "", by, found, endpoints = [] }: TraceStep): string {
  if (found === "nothing") return by === "address" ? `nobody has ${name}` : `nothing is called "${name}"`;
  const what = found === "records" ? "there are records that were added" : endpointsText(endpoints);
  return `${what}${reasonText(by, name)}`;
}

/** More are counted. */
const mostNamed = 5;

function endpointsText(endpoints: NonNullable<TraceStep["endpoints"]>): string {
  const named = endpoints.slice(0, mostNamed).map(({ name, id }) => name || id.slice(0, 12));
  const more = endpoints.length - named.length;
  const list = [...named, ...(more > 0 ? [`${more} more`] : [])].join(", ");
  return `${endpoints.length === 1 ? "endpoint" : "endpoints"} ${list}`;
}

function reasonText(by: TraceStep["by"], name: string): string {
  switch (by) {
    case "link":
      return `, by a link of this sandbox to "${name}"`;
    case "network name":
      return `, as "${name}" behind the network's name`;
    case "named port":
      return `, by a named port of "${name}"`;
    case "address":
      return `, by the address ${name}`;
    default:
      return `, by the name "${name}"`;
  }
}

function privateText({ why }: TraceStep): string {
  switch (why) {
    case "other network":
      return "it is a name in a network of this host that the sandbox is not in";
    case "address":
      return "the address is in a subnet of the sandbox's own networks";
    default:
      return "the sandbox is in internal networks alone";
  }
}

function serverText({ address, from, protocol, outcome, rcode, milliseconds = 0 }: TraceStep): string {
  const who = `name server ${address}, asked from the ${from} by ${protocol?.toUpperCase()}`;
  const time = timeText(milliseconds);
  switch (outcome) {
    case "answered":
      return `${who}: answered ${rcode} after ${time}`;
    case "silent":
      return `${who}: no answer within ${time}`;
    case "unreachable":
      return `${who}: cannot be reached, as was known after ${time}`;
    default:
      return `${who}: sent after ${time} what is no answer`;
  }
}

function timeText(milliseconds: number): string {
  return `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
}

/** What came of it, and what can be done about it. */
export function conclusion(trace: Trace): string {
  const time = timeText(trace.milliseconds);
  if (trace.rcode === "NOERROR" && trace.answers.length > 0) return `found in ${time}`;
  return `not found in ${time}: ${whyNot(trace)}${mend(trace)}`;
}

function mend({ steps, rcode }: Trace): string {
  const last = steps.at(-1);
  if (last?.at === "private" && last.why === "other network")
    return "; put both into one network: causeway network connect";
  const asked = steps.filter(({ at }) => at === "server");
  if (rcode === "SERVFAIL" && asked.length > 0 && asked.every(({ outcome }) => outcome !== "answered"))
    return `; ${asked.length === 1 ? "the name server does" : "the name servers do"} not answer: give others by --dns`;
  return "";
}
