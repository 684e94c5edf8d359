/**
 * Moments and durations as Docker's clients write them: `1700000000.5`, `2026-01-02T03:04:05Z`, `24h`; and how long ago, in its words.
 */
import { invalid } from "@causeway/libnetwork";

const duration = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/;
const part = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g;
const milliseconds: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
/** A date, and a time of day behind it as far as it is given. */
const date = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * Milliseconds since the epoch.
 *
 * @param text seconds since the epoch, a date, or a duration: so long ago
 * @throws invalid_request
 */
export function momentOf(text: string): number {
  if (/^-?\d{1,15}(?:\.\d{1,9})?$/.test(text)) return Number(text) * 1000;
  if (duration.test(text)) return Date.now() - durationOf(text);
  const time = date.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw invalid(
    "invalid_request",
    `failed to parse value as time or duration: ${JSON.stringify(text)}`,
    text,
  );
}

function durationOf(text: string): number {
  const parts = [...text.matchAll(part)];
  return parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (milliseconds[unit] ?? 0), 0);
}

/** How long something has lasted: `5 minutes`, `About an hour`. */
export function lastingText(lasted: number): string {
  const seconds = Math.floor(lasted / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  const days = Math.floor(hours / 24);
  if (days < 14) return `${days} days`;
  if (days < 60) return `${Math.floor(days / 7)} weeks`;
  return days < 730 ? `${Math.floor(days / 30)} months` : `${Math.floor(days / 365)} years`;
}
