/**
 * Values of queries, as Go reads them from text.
 */
import { invalid } from "@causeway/libnetwork";

const truths = ["1", "t", "T", "TRUE", "true", "True"];
const untruths = ["0", "f", "F", "FALSE", "false", "False"];

/** @throws invalid_request */
export function goBoolean(text: string | undefined, name: string): boolean {
  if (text === undefined || text === "" || untruths.includes(text)) return false;
  if (truths.includes(text)) return true;
  const why = `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw invalid("invalid_request", `invalid value for ${name}: ${text}: ${why}`, text);
}

/** What Docker takes for true: anything but these. */
export function looseBoolean(text: string | undefined): boolean {
  return !["", "0", "no", "false", "none"].includes(text?.trim().toLowerCase() ?? "");
}

/** @throws invalid_request */
export function goInteger(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (/^[+-]?\d{1,15}$/.test(text)) return Number(text);
  throw invalid("invalid_request", `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`, text);
}
