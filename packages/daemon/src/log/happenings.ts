/**
 * What happens by itself, as the log tells it: losses and their mending, sandboxes that went, ports that somebody else has. What a
 * request has asked for is told at `debug`.
 */
import type { CausewayEvent, NetworkController } from "@causeway/libnetwork";
import { messageOf } from "@causeway/libnetwork";
import type { Logger } from "pino";
import type { Journal, JournalEntry } from "../events/journal.ts";

interface Words {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
  readonly mend?: string;
}

const byType: Partial<Record<CausewayEvent["type"], Words>> = {
  "health:noticed": { level: "warn", message: "somebody took away or changed something of ours" },
  "health:mended": { level: "info", message: "it was put back" },
  "health:gave-up": {
    level: "error",
    message: "it was put back and taken away again, and is left as it is",
    mend: "find who changes it, then run causeway repair",
  },
  "health:unheard": {
    level: "warn",
    message: "the kernel's news cannot be heard: what is taken away is not noticed",
    mend: "run causeway doctor; restart the daemon when the reason is gone",
  },
  "sandbox:lost": {
    level: "warn",
    message: "a sandbox's namespace is gone; its addresses and ports are kept for it",
    mend: "delete the sandbox, or start its container anew",
  },
  "sandbox:gateway-trouble": {
    level: "warn",
    message: "a sandbox has another way out, and the one before was not taken back whole",
    mend: "look after the network's driver; causeway repair takes away what is ours",
  },
  "endpoint:yield": {
    level: "warn",
    message:
      "this host was away from the cluster for so long that an endpoint's address was given to another host: it is cut off",
    mend: "delete the endpoint, and start its container anew",
  },
  "endpoint:port-taken": {
    level: "warn",
    message: "another program has a published port",
    mend: "end that program, then run causeway repair",
  },
};

/** Goes on until the journal closes. */
export async function followLog(logger: Logger, journal: Journal): Promise<void> {
  for await (const entry of journal.read()) logHappening(logger, entry);
}

function logHappening(logger: Logger, { type, subject, attributes, operation }: JournalEntry): void {
  const words = byType[type as CausewayEvent["type"]];
  const about = {
    event: type,
    id: subject.id,
    name: subject.name,
    ...attributes,
    ...(operation !== undefined && { operation }),
  };
  if (words === undefined) logger.debug(about, type);
  else {
    const { level, message, mend } = words;
    logger[level]({ ...about, ...(mend !== undefined && { mend }) }, message);
  }
}

/** What could not be taken up at the start. */
export function logProblems(logger: Logger, controller: NetworkController): void {
  for (const { kind, id, name, error } of controller.problems) {
    const code = error instanceof Error && "code" in error ? { code: error.code } : {};
    const mend = "run causeway doctor: it tells what can be done";
    logger.warn({ kind, id, name, ...code, mend }, `a ${kind} could not be taken up: ${messageOf(error)}`);
  }
}
