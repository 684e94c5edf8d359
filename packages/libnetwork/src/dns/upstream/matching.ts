/**
 * Whether a message answers what was asked (RFC 5452 9.1). That it came by the channel of the server that was asked is seen to by the
 * exchange, which listens to no other.
 */
import { at, flags, headerLength, sameQuestion, word } from "./question.ts";

export type Verdict = "answer" | "notAnswers" | "wrongId" | "wrongQuestion" | "wrongCase";

/** @param nameEnd in what was sent */
export function judge(sent: Uint8Array, nameEnd: number, message: Uint8Array): Verdict {
  if (message.length < headerLength || (at(message, 2) & flags.response) === 0) return "notAnswers";
  if (word(message, 0) !== word(sent, 0)) return "wrongId";
  const wrongKind = ((at(message, 2) ^ at(sent, 2)) & flags.opcode) !== 0;
  if (wrongKind || word(message, 4) !== 1 || message.length < nameEnd + 4) return "wrongQuestion";
  if (!sameQuestion(sent, message, nameEnd)) return "wrongQuestion";
  for (let offset = headerLength; offset < nameEnd; offset++)
    if (at(sent, offset) !== at(message, offset)) return "wrongCase";
  return "answer";
}
