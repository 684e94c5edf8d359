/**
 * Answers that begin here and end elsewhere: a record of a network leads on to a name that only others know (RFC 1034 4.3.2 3a).
 */

import { rcodes } from "../wire/constants.ts";
import { recordData } from "../wire/data-text.ts";
import { type Message, nameAt, readMessage } from "../wire/message.ts";
import { type PreparedAnswer, prepareAnswer, type RecordText } from "../wire/prepared.ts";
import type { FoundRecord } from "../zone/finding.ts";

/**
 * What an asker is told: our records, with what others say of the name that they lead to behind them, and whatever these say of that.
 *
 * @param others their answer
 */
export function continued(ours: readonly FoundRecord[], others: Uint8Array | "failed"): PreparedAnswer {
  const message = others === "failed" ? undefined : readMessage(others);
  if (message === undefined) return prepareAnswer({ rcode: rcodes.SERVFAIL });
  const answers = [...ours, ...recordsIn(message, 1)];
  return prepareAnswer({ rcode: message.rcode, answers, authorities: recordsIn(message, 2) });
}

function recordsIn(message: Message, section: 1 | 2): readonly RecordText[] {
  return message.records
    .filter((record) => record.section === section)
    .map((record) => ({
      owner: nameAt(message, record.nameAt) ?? "",
      ttl: record.ttl,
      data: recordData(message, record),
    }));
}
