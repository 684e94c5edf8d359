/**
 * Questions of our own: RFC 1035 4.1.2, with an OPT record (RFC 6891).
 */
import { byteAt, setWord } from "./bytes.ts";
import { dnssecOkBit, headerBits, headerLength, optLength, recordClasses, recordTypes } from "./constants.ts";
import { nameBytes } from "./data.ts";

export interface QuestionText {
  readonly name: string;
  readonly type: number;
  /** DO. Default false. */
  readonly dnssecOk?: boolean;
  /** CD. Default false. */
  readonly checkingDisabled?: boolean;
}

/** How long an answer by UDP may be: dnsflagday.net/2020. */
const udpSize = 1232;

/**
 * A message with one question, its id 0, that wants recursion.
 *
 * @throws invalid_name
 */
export function questionMessage({
  name,
  type,
  dnssecOk = false,
  checkingDisabled = false,
}: QuestionText): Buffer {
  const { bytes: owner } = nameBytes(name);
  const optAt = headerLength + owner.length + 4;
  const message = Buffer.alloc(optAt + optLength);
  setWord(message, 2, headerBits.RD | (checkingDisabled ? headerBits.CD : 0));
  setWord(message, 4, 1);
  setWord(message, 10, 1);
  message.set(owner, headerLength);
  setWord(message, optAt - 4, type);
  setWord(message, optAt - 2, recordClasses.IN);
  setWord(message, optAt + 1, recordTypes.OPT);
  setWord(message, optAt + 3, udpSize);
  setWord(message, optAt + 7, dnssecOk ? dnssecOkBit : 0);
  return message;
}

/** Whether an answer was cut short: TC. */
export function isTruncated(message: Uint8Array): boolean {
  return (byteAt(message, 2) & (headerBits.TC >> 8)) !== 0;
}
