/**
 * /events: a stream of JSON objects, one a line.
 */
import { invalid } from "@causeway/libnetwork";
import type { FastifyPluginAsync } from "fastify";
import type { JournalEntry } from "../events/journal.ts";
import type { DaemonParts } from "../parts.ts";
import { becomeStream } from "../server/overload.ts";
import type { Typed } from "../server/server.ts";
import { EventMessage } from "./answers.ts";
import { EventView } from "./event-view.ts";
import { Filters } from "./filters.ts";
import { momentOf } from "./go-time.ts";
import { EventsQuery } from "./schemas.ts";

export function eventRoutes(parts: DaemonParts): FastifyPluginAsync {
  const { journal } = parts;
  const view = new EventView(parts);
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    const open = new Set<AbortController>();
    // A server that closes waits for its answers: those that would not end by themselves are ended.
    server.addHook("preClose", (done) => {
      for (const stream of open) stream.abort();
      done();
    });

    server.get(
      "/events",
      { exposeHeadRoute: false, schema: { querystring: EventsQuery, response: { 200: EventMessage } } },
      async ({ query }, reply) => {
        const filters = Filters.parse(query.filters, undefined);
        const since = given(query.since);
        const until = given(query.until);
        if (since !== undefined && until !== undefined && since > until) {
          const message = `\`since\` time (${query.since}) cannot be after \`until\` time (${query.until})`;
          throw invalid("invalid_request", message);
        }
        const wanted = (event: EventMessage) => isWanted(event, filters);
        const ending = new AbortController();
        becomeStream(reply.request);
        reply.hijack();
        const { raw } = reply;
        const headers = Object.entries(reply.getHeaders()).flatMap(([name, value]) =>
          value === undefined ? [] : [[name, value] as const],
        );
        raw.writeHead(200, { ...Object.fromEntries(headers), "content-type": "application/json" });
        raw.flushHeaders();
        const write = async (entry: JournalEntry) => {
          if (until !== undefined && entry.time > until) return;
          const lines = view
            .of(entry)
            .filter(wanted)
            .map((event) => `${JSON.stringify(event)}\n`);
          if (lines.length === 0 || raw.write(lines.join("")) || ending.signal.aborted) return;
          // A slow reader is waited for: the journal keeps what comes meanwhile, and loses the oldest in the end.
          await new Promise<void>((resolve) => {
            raw.once("drain", resolve);
            ending.signal.addEventListener("abort", () => resolve(), { once: true });
          });
        };
        if (until !== undefined && until <= Date.now()) {
          for (const entry of journal.remembered({ since: since ?? 0 })) await write(entry);
          raw.end();
          return reply;
        }
        const stop = () => ending.abort();
        raw.on("close", stop);
        const timer =
          until === undefined ? undefined : setTimeout(stop, Math.min(until - Date.now(), 2 ** 31 - 1));
        open.add(ending);
        try {
          const from = since === undefined ? {} : { since };
          for await (const entry of journal.read({ ...from, signal: ending.signal })) await write(entry);
        } finally {
          clearTimeout(timer);
          open.delete(ending);
          raw.end();
        }
        return reply;
      },
    );
  };
}

function given(text: string | undefined): number | undefined {
  return text === undefined || text === "" ? undefined : momentOf(text);
}

function isWanted(
  { Type, Action, Actor: { ID, Attributes }, scope }: EventMessage,
  filters: Filters,
): boolean {
  const name = Attributes.name ?? "";
  const of = (type: string) => (Type === type ? [ID, name] : []);
  const container = Attributes.container;
  return (
    filters.isExactly("type", Type) &&
    filters.isExactly("event", Action) &&
    filters.isExactly("scope", scope) &&
    filters.begins("network", ...of("network")) &&
    filters.begins("container", ...of("container"), ...(container === undefined ? [] : [container])) &&
    filters.hasLabels("label", Attributes) &&
    filters.begins("image", ...(Type === "container" ? [Attributes.image ?? ""] : [])) &&
    ["volume", "plugin", "service", "node", "secret", "config"].every((other) => !filters.has(other))
  );
}
