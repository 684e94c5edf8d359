/**
 * The handshake, and what HTTP is asked of a plugin.
 */
import type { MethodName } from "../protocol/index.ts";
import type { Examination } from "./examination.ts";
import { outcomeText } from "./outcome.ts";
import { hangUp } from "./rude.ts";

/** Of each kind, one that changes something. */
const changing: Readonly<Record<string, MethodName>> = {
  NetworkDriver: "NetworkDriver.CreateNetwork",
  IpamDriver: "IpamDriver.RequestPool",
};

/** @returns what the plugin is; undefined where it does not say so */
export async function checkHandshake(exam: Examination): Promise<readonly string[] | undefined> {
  const outcome = await exam.callRaw("Plugin.Activate", "");
  const answer = exam.succeeds("activate.answers", "Plugin.Activate", outcome);
  if (answer === undefined) return undefined;
  const { Implements } = answer;
  exam.expect(
    "activate.implements",
    Implements.includes("NetworkDriver") || Implements.includes("IpamDriver"),
    `Implements: ${JSON.stringify(Implements)}`,
  );
  return Implements;
}

export async function checkHttp(exam: Examination, kinds: readonly string[]): Promise<void> {
  for (const Host of ["", "plugin.moby.localhost"]) {
    const outcome = await exam.callRaw("Plugin.Activate", "", { Host });
    exam.expect("http.host", outcome.kind === "success", `Host: "${Host}": ${outcome.kind}`);
  }
  const several = await Promise.all(Array.from({ length: 20 }, () => exam.call("Plugin.Activate", {})));
  const unanswered = several.filter(({ kind }) => kind !== "success").length;
  exam.expect("http.side-by-side", unanswered === 0, `${unanswered} of 20 calls of Plugin.Activate failed`);
  for (const kind of kinds) {
    if (kind !== "NetworkDriver" && kind !== "IpamDriver") continue;
    const method = `${kind}.CausewayCheckUnknown`;
    const answer = await exam.exchange(method, "{}");
    if (answer !== undefined)
      exam.expect("http.unknown-method", answer.status === 404, `${method}: status ${answer.status}`);
    const made = changing[kind];
    if (made !== undefined) await checkGet(exam, made);
  }
  if (
    await hangUp(
      exam.address,
      `/${kinds.includes("NetworkDriver") ? "NetworkDriver" : "IpamDriver"}.GetCapabilities`,
    )
  ) {
    const outcome = await exam.callRaw("Plugin.Activate", "");
    exam.succeeds("http.hang-up", "Plugin.Activate after callers that hung up", outcome);
  } else exam.skip("http.hang-up", "the plugin is behind TLS");
}

async function checkGet(exam: Examination, method: MethodName): Promise<void> {
  const outcome = await exam.provoke(method, "", "GET");
  exam.expect("http.get", outcome.kind !== "success", `GET ${method}: ${outcomeText(outcome)}`);
}

/** At the end, because who is not up to it may not be there afterwards: what nobody sends. */
export async function checkHugeRequests(exam: Examination, method: MethodName, ids: object): Promise<void> {
  const padding = "x".repeat(8 * 1024 * 1024);
  await exam.provoke(method, JSON.stringify({ ...ids, Options: { "org.causeway.check": padding } }));
  exam.succeeds(
    "request.huge",
    "Plugin.Activate after a request of 8 MiB",
    await exam.callRaw("Plugin.Activate", ""),
  );
  const depth = 5000;
  const nested = `${"[".repeat(depth)}${"]".repeat(depth)}`;
  const deep = `${JSON.stringify(ids).slice(0, -1)},"Options":{"org.causeway.check":${nested}}}`;
  exam.answers("request.deep", `${method}, nested ${depth} deep`, await exam.provoke(method, deep));
}

/** At the end: whatever it was asked, it is still there. */
export async function checkSurvival(exam: Examination, kinds: readonly string[]): Promise<void> {
  const outcome = await exam.callRaw("Plugin.Activate", "");
  const answer = exam.succeeds("request.survives", "Plugin.Activate after all of it", outcome);
  if (answer === undefined) return;
  const same = JSON.stringify([...answer.Implements].sort()) === JSON.stringify([...kinds].sort());
  exam.expect("activate.again", same, `first ${kinds.join(", ")}, then ${answer.Implements.join(", ")}`);
}
