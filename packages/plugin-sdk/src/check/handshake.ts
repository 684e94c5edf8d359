/**
 * The handshake, and what HTTP is asked of a plugin.
 */
import type { Examination } from "./examination.ts";

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
  }
}

/** At the end: whatever it was asked, it is still there. */
export async function checkSurvival(exam: Examination, kinds: readonly string[]): Promise<void> {
  const outcome = await exam.callRaw("Plugin.Activate", "");
  const answer = exam.succeeds("request.survives", "Plugin.Activate after all of it", outcome);
  if (answer === undefined) return;
  const same = JSON.stringify([...answer.Implements].sort()) === JSON.stringify([...kinds].sort());
  exam.expect("activate.again", same, `first ${kinds.join(", ")}, then ${answer.Implements.join(", ")}`);
}
