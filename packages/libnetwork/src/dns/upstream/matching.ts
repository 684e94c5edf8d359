/**
 * Whether a message answers what was asked (RFC 5452 9.1). That it came by the channel of the server that was asked is seen to by the
 * exchange, which listens to no other.
 */
import { byteAt, wordAt } from "../wire/bytes.ts";
import { headerBits, headerLength } from "../wire/constants.ts";
import { sameQuestion } from "./question.ts";

export type Verdict = "answer" | "notAnswers" | "wrongId" | "wrongQuestion" | "wrongCase";

/** @param nameEnd in what was sent */
export function judge(sent: Uint8Array, nameEnd: number, message: Uint8Array): Verdict {
  if (message.length < headerLength || (wordAt(message, 2) & headerBits.QR) === 0) return "notAnswers";
  if (wordAt(message, 0) !== wordAt(sent, 0)) return "wrongId";
  const wrongKind = ((wordAt(message, 2) ^ wordAt(sent, 2)) & headerBits.OPCODE) !== 0;
  if (wrongKind || wordAt(message, 4) !== 1 || message.length < nameEnd + 4) return "wrongQuestion";
  if (!sameQuestion(sent, message, nameEnd)) return "wrongQuestion";
  for (let offset = headerLength; offset < nameEnd; offset++)
    if (byteAt(sent, offset) !== byteAt(message, offset)) return "wrongCase";
  return "answer";
}
