/**
 * The log: pino, with the operation's id in whatever is said in its course.
 */
import { currentOperation } from "@causeway/libnetwork";
import { type DestinationStream, type Logger, pino } from "pino";
import type { DaemonConfig } from "../config/index.ts";
import { traceCrossings } from "./crossings.ts";
import { forPeople } from "./lines.ts";

export interface Log extends Disposable {
  /** To change the level, set its `level`. */
  readonly logger: Logger;
}

/** @param output where lines go; default: the standard output, written in the background and whole when the log is disposed of */
export function openLog(
  { logLevel, logFormat }: Pick<DaemonConfig, "logLevel" | "logFormat">,
  output?: DestinationStream,
): Log {
  const standard = output === undefined ? pino.destination({ dest: 1, sync: false }) : undefined;
  const written = output ?? standard;
  if (written === undefined) throw new Error("there is nowhere to write to");
  const people = logFormat === "text" || (logFormat === "auto" && process.stdout.isTTY);
  const logger = makeLogger(logLevel, people ? forPeople(written, process.stdout.isTTY) : written);
  const tracing = traceCrossings(logger);
  return {
    logger,
    [Symbol.dispose]() {
      tracing[Symbol.dispose]();
      try {
        standard?.flushSync();
      } catch {
        // Whoever read it has gone.
      }
    },
  };
}

function makeLogger(level: string, output: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin() {
        const operation = currentOperation();
        return operation === undefined ? {} : { operation };
      },
    },
    output,
  );
}
