/**
 * In a sandbox that is ready and not opened whoever asks is refused, and need not wait: RFC 1035 section 4.1.1.
 */
import { AnswerWriter } from "../wire/answer.ts";
import { rcodes } from "../wire/constants.ts";
import { QueryReader } from "../wire/query.ts";
import type { Answering } from "./asker.ts";

const reader = new QueryReader();
const writer = new AnswerWriter();

export const refusing: Answering = {
  answer(bytes, at, length, into, intoAt) {
    const asked = reader.read(bytes, length, at);
    if (asked === undefined) return 0;
    if (asked.rcode !== rcodes.NOERROR) return writer.writeRefusal(into, intoAt, asked);
    return writer.writeBare(into, intoAt, asked, rcodes.REFUSED);
  },
};
