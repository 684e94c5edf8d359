/**
 * For tests: plugins that answer as the test likes, and time that passes by waiting.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TestContext } from "node:test";
import { somebody } from "../test-support.ts";
import { type ClientOptions, PluginClient } from "./plugin-client.ts";
import type { Clock } from "./retry.ts";

export const ids = { NetworkID: "n", EndpointID: "e" };
export const call = "NetworkDriver.Leave";

/** Time that passes only by waiting, and what was waited for: seconds. */
export function quickClock() {
  let now = 0;
  const waits: number[] = [];
  const clock: Clock = {
    now: () => now,
    sleep: async (milliseconds) => {
      waits.push(milliseconds / 1000);
      now += milliseconds;
    },
  };
  return { clock, waits };
}

/** A plugin whose answers the test chooses: a body, or all of it. */
export async function answering(
  t: TestContext,
  answers: Readonly<Record<string, string | ((request: IncomingMessage, response: ServerResponse) => void)>>,
  options: ClientOptions = {},
) {
  const calls: string[] = [];
  const plugin = await somebody(t, (request, response) => {
    const method = request.url?.slice(1) ?? "";
    calls.push(method);
    const answer =
      answers[method] ??
      (method === "Plugin.Activate" ? '{"Implements":["NetworkDriver","IpamDriver"]}' : undefined);
    request.resume();
    if (typeof answer === "function") answer(request, response);
    else if (answer === undefined) response.writeHead(404).end("404 page not found");
    else response.end(answer);
  });
  const client = new PluginClient(plugin, options);
  t.after(() => client[Symbol.dispose]());
  return { calls, client };
}
