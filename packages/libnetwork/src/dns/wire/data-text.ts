/**
 * What a record of a message holds, as text and numbers: the way back of `data.ts`.
 */
import { ipFromBytes } from "../../address/ip.ts";
import { byteAt, longAt, wordAt } from "./bytes.ts";
import { recordTypes } from "./constants.ts";
import type { AnyRecordData } from "./data.ts";
import { type Message, nameAt, type RecordPlace } from "./message.ts";
import { NamePath } from "./name.ts";

/** Texts are read as UTF-8. */
export function recordData(message: Message, { type, dataAt, dataEnd }: RecordPlace): AnyRecordData {
  const { bytes } = message;
  switch (type) {
    case recordTypes.A:
      return { type: "A", address: ipFromBytes(bytes.subarray(dataAt, dataEnd)).toString() };
    case recordTypes.AAAA:
      return { type: "AAAA", address: ipFromBytes(bytes.subarray(dataAt, dataEnd)).toString() };
    case recordTypes.NS:
      return { type: "NS", target: nameOf(message, dataAt) };
    case recordTypes.CNAME:
      return { type: "CNAME", target: nameOf(message, dataAt) };
    case recordTypes.PTR:
      return { type: "PTR", target: nameOf(message, dataAt) };
    case recordTypes.TXT:
      return { type: "TXT", texts: texts(bytes, dataAt, dataEnd) };
    case recordTypes.HINFO: {
      const [cpu = "", os = ""] = texts(bytes, dataAt, dataEnd);
      return { type: "HINFO", cpu, os };
    }
    case recordTypes.SRV:
      return {
        type: "SRV",
        priority: wordAt(bytes, dataAt),
        weight: wordAt(bytes, dataAt + 2),
        port: wordAt(bytes, dataAt + 4),
        target: nameOf(message, dataAt + 6),
      };
    case recordTypes.SOA: {
      const numbersAt = dataEnd - 20;
      return {
        type: "SOA",
        primary: nameOf(message, dataAt),
        mailbox: nameOf(message, nameEnd(message, dataAt)),
        serial: longAt(bytes, numbersAt),
        refresh: longAt(bytes, numbersAt + 4),
        retry: longAt(bytes, numbersAt + 8),
        expire: longAt(bytes, numbersAt + 12),
        minimum: longAt(bytes, numbersAt + 16),
      };
    }
    case recordTypes.MX:
      return { type: "MX", preference: wordAt(bytes, dataAt), target: nameOf(message, dataAt + 2) };
    default:
      return { type: "OPAQUE", number: type, bytes: bytes.slice(dataAt, dataEnd) };
  }
}

/** As in a zone file, RFC 1035 5.1; RFC 3597 5 for a type that is not known here. */
export function dataText(data: AnyRecordData): string {
  switch (data.type) {
    case "A":
    case "AAAA":
      return data.address;
    case "NS":
    case "CNAME":
    case "PTR":
      return data.target;
    case "MX":
      return `${data.preference} ${data.target}`;
    case "SRV":
      return `${data.priority} ${data.weight} ${data.port} ${data.target}`;
    case "TXT":
      return data.texts.map(quoted).join(" ");
    case "HINFO":
      return `${quoted(data.cpu)} ${quoted(data.os)}`;
    case "SOA": {
      const { primary, mailbox, serial, refresh, retry, expire, minimum } = data;
      return [primary, mailbox, serial, refresh, retry, expire, minimum].join(" ");
    }
    case "OPAQUE":
      return `\\# ${data.bytes.length} ${Buffer.from(data.bytes).toString("hex")}`.trimEnd();
  }
}

/** What would end the text, or disturb a terminal, by its number. */
function quoted(text: string): string {
  const escaped = text.replace(/["\\]/g, "\\$&").replace(/\p{Cc}/gu, (character) => {
    const bytes = [...Buffer.from(character)];
    return bytes.map((byte) => `\\${String(byte).padStart(3, "0")}`).join("");
  });
  return `"${escaped}"`;
}

const path = new NamePath();

/** The message was read, so there is a name. */
function nameOf(message: Message, at: number): string {
  return nameAt(message, at) ?? "";
}

function nameEnd({ bytes, start, end }: Message, at: number): number {
  return path.read(bytes, at, start, end) ? path.end : end;
}

function texts(bytes: Uint8Array, from: number, end: number): string[] {
  const found: string[] = [];
  for (let at = from; at < end; at += 1 + byteAt(bytes, at)) {
    found.push(Buffer.from(bytes.subarray(at + 1, at + 1 + byteAt(bytes, at))).toString("utf8"));
  }
  return found;
}
