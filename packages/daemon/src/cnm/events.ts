/**
 * /cnm/v1/events: server-sent events, with resume by id.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { invalid } from "@causeway/libnetwork";
import type { FastifyPluginAsync } from "fastify";
import { EventQuery } from "../api/index.ts";
import type { Journal, JournalEntry, JournalReader } from "../events/journal.ts";
import { becomeStream } from "../server/overload.ts";
import type { Typed } from "../server/server.ts";
import type { CnmContext } from "./context.ts";

/** Milliseconds between two signs of life where nothing happens: whoever has gone is noticed by them. */
const heartbeat = 15_000;
/** The longest that setTimeout waits. */
const longestWait = 2 ** 31 - 1;

const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };

export function eventRoutes({ journal }: CnmContext): FastifyPluginAsync {
  return async (untyped) => {
    const server = untyped.withTypeProvider<Typed>();
    // Of what lasts there is no HEAD.
    server.get(
      "/events",
      { exposeHeadRoute: false, schema: { querystring: EventQuery } },
      async (request, reply) => {
        const { type, since, until } = request.query;
        if (since !== undefined && until !== undefined && until < since)
          throw invalid("invalid_field", `until ${until} is before since ${since}: nothing is between them`);
        const after = request.headers["last-event-id"];
        const from = {
          ...(since !== undefined && { since }),
          ...(typeof after === "string" && { after }),
        };
        becomeStream(request);
        const { raw } = reply.hijack();
        const wanted = (entry: JournalEntry) =>
          (type === undefined || entry.type === type || entry.type.startsWith(`${type}:`)) &&
          (until === undefined || entry.time <= until);
        if (until !== undefined && until <= Date.now()) {
          // Of the past alone: all that is remembered, where nothing says from when on.
          const past = journal.remembered({ since: 0, ...from }).filter(wanted);
          raw.writeHead(200, headers).end(past.map(messageOf).join(""));
        } else await stream(raw, journal, { from, until, wanted });
        return reply;
      },
    );
  };
}

interface Wish {
  readonly from: Pick<JournalReader, "after" | "since">;
  readonly until: number | undefined;
  readonly wanted: (entry: JournalEntry) => boolean;
}

/** Until the client goes, the time has come, or the journal closes. */
async function stream(raw: ServerResponse, journal: Journal, { from, until, wanted }: Wish): Promise<void> {
  const ending = new AbortController();
  const end = () => ending.abort();
  const { signal } = ending;
  const entries = journal.read({ ...from, signal });
  // Listening begins before the answer does: who has its head misses nothing.
  const first = entries.next();
  raw.once("close", end);
  const wait = until === undefined ? undefined : Math.min(until - Date.now(), longestWait);
  const timer = wait === undefined ? undefined : setTimeout(end, wait);
  const beating = setInterval(() => raw.write(":\n\n"), heartbeat);
  raw.writeHead(200, headers).write(":\n\n");
  try {
    for (let next = await first; next.done !== true; next = await entries.next()) {
      if (!wanted(next.value) || raw.write(messageOf(next.value))) continue;
      // A slow reader is waited for: the journal keeps what comes meanwhile, and loses the oldest in the end.
      await once(raw, "drain", { signal }).catch(() => undefined);
    }
  } finally {
    clearInterval(beating);
    clearTimeout(timer);
    raw.end();
  }
}

function messageOf(entry: JournalEntry): string {
  return `id: ${entry.id}\ndata: ${JSON.stringify(entry)}\n\n`;
}
