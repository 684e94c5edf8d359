/**
 * Answers that begin here and end elsewhere: a record of a network leads on to a name that only others know (RFC 1034 4.3.2 3a).
 */

import { CausewayError } from "../../errors.ts";
import { rcodes, recordTypes } from "../wire/constants.ts";
import type { OpaqueData } from "../wire/data.ts";
import { recordData } from "../wire/data-text.ts";
import { type Message, nameAt, type RecordPlace, readMessage } from "../wire/message.ts";
import { type PreparedAnswer, prepareAnswer, type RecordText } from "../wire/prepared.ts";
import type { FoundRecord } from "../zone/finding.ts";

/** Of others: names take 0.1 ms each where they are as long as they may be, and everybody waits for that. */
const mostRecords = 128;

/**
 * What an asker is told: our records, with what others say of the name that they lead to behind them, and whatever these say of that.
 *
 * @param others their answer
 */
export function continued(ours: readonly FoundRecord[], others: Uint8Array | "failed"): PreparedAnswer {
  const message = others === "failed" ? undefined : readMessage(others);
  if (message === undefined || message.records.length > mostRecords)
    return prepareAnswer({ rcode: rcodes.SERVFAIL });
  const answers = [...ours, ...recordsIn(message, 1)];
  try {
    return prepareAnswer({ rcode: message.rcode & 15, answers, authorities: recordsIn(message, 2) });
  } catch (error) {
    if (!(error instanceof CausewayError)) throw error;
    // Longer than what there is room for beside ours.
    return prepareAnswer({ rcode: rcodes.SERVFAIL });
  }
}

/** Types in whose data there may be pointers to other places of a message. */
const withNames: ReadonlySet<number> = new Set(
  (["NS", "CNAME", "PTR", "MX", "SRV", "SOA"] as const).map((name) => recordTypes[name]),
);

/** To the byte: a text may be no text. */
function opaque({ bytes }: Message, { type, dataAt, dataEnd }: RecordPlace): OpaqueData {
  return { type: "OPAQUE", number: type, bytes: bytes.slice(dataAt, dataEnd) };
}

function recordsIn(message: Message, section: 1 | 2): readonly RecordText[] {
  return message.records
    .filter((record) => record.section === section)
    .map((record) => ({
      owner: nameAt(message, record.nameAt) ?? "",
      ttl: record.ttl,
      data: withNames.has(record.type) ? recordData(message, record) : opaque(message, record),
    }));
}
