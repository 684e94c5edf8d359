/**
 * A clock that is set by hand, channels that lead nowhere, and messages, for the tests of this folder.
 */
import { readRecords } from "../wire/message.ts";
import type {
  Channel,
  ChannelListener,
  Channels,
  Clock,
  ForwarderOptions,
  Protocol,
  RandomNumbers,
  Reply,
  Server,
} from "./contract.ts";
import { QueryForwarder } from "./forwarder.ts";

class FakeClock implements Clock {
  #now = 1000;
  #timers: { readonly time: number; readonly action: () => void }[] = [];

  get pending(): number {
    return this.#timers.length;
  }

  now(): number {
    return this.#now;
  }

  at(time: number, action: () => void): Disposable {
    const timer = { time, action };
    this.#timers.push(timer);
    return {
      [Symbol.dispose]: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  /** Lets time pass, and whatever is due happen at its time. */
  pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = this.#timers
        .filter(({ time }) => time <= end)
        .sort((one, other) => one.time - other.time)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#now = Math.max(this.#now, due.time);
      due.action();
    }
    this.#now = end;
  }
}

export class FakeChannel implements Channel {
  readonly server: Server;
  readonly protocol: Protocol;
  readonly listener: ChannelListener;
  readonly sent: Uint8Array[] = [];
  open = true;
  readonly #onSend: (channel: FakeChannel) => void;

  constructor(
    server: Server,
    protocol: Protocol,
    listener: ChannelListener,
    onSend: (channel: FakeChannel) => void,
  ) {
    this.server = server;
    this.protocol = protocol;
    this.listener = listener;
    this.#onSend = onSend;
  }

  send(bytes: Uint8Array): void {
    this.sent.push(Uint8Array.from(bytes));
    this.#onSend(this);
  }

  /** What was sent by it. */
  get query(): Uint8Array {
    const [first] = this.sent;
    if (first === undefined) throw new Error("nothing was sent");
    return first;
  }

  /** The bytes are in a Buffer that is used again afterwards, as a socket's would be. */
  deliver(bytes: Uint8Array): void {
    const lent = Buffer.from(bytes);
    this.listener.message(lent);
    lent.fill(0xff);
  }

  [Symbol.dispose](): void {
    this.open = false;
  }
}

class FakeChannels implements Channels {
  readonly all: FakeChannel[] = [];
  onSend: (channel: FakeChannel) => void = () => {};
  onOpen: (listener: ChannelListener, server: Server) => void = () => {};

  open(server: Server, protocol: Protocol, listener: ChannelListener): Channel {
    this.onOpen(listener, server);
    const channel = new FakeChannel(server, protocol, listener, (sent) => this.onSend(sent));
    this.all.push(channel);
    return channel;
  }

  get last(): FakeChannel {
    const last = this.all.at(-1);
    if (last === undefined) throw new Error("no channel was opened");
    return last;
  }

  get openCount(): number {
    return this.all.filter(({ open }) => open).length;
  }
}

/** Different numbers, and the same in each run. */
class FakeRandomNumbers implements RandomNumbers {
  #state = 12345;

  next(): number {
    this.#state = (Math.imul(this.#state, 1103515245) + 12345) & 0x7fffffff;
    return this.#state >>> 15;
  }
}

export const servers: readonly Server[] = [1, 2, 3].map((number) => ({
  address: `192.0.2.${number}`,
  port: 53,
  namespace: "host",
}));

export function serverAt(place: number): Server {
  const server = servers[place];
  if (server === undefined) throw new RangeError(`no server ${place}`);
  return server;
}

interface Taken {
  readonly answer: Uint8Array | "failed";
  readonly peer: number;
  readonly from: string | undefined;
}

/** A forwarder in a world of fakes. */
export class Scene {
  readonly clock = new FakeClock();
  readonly channels = new FakeChannels();
  readonly forwarder: QueryForwarder;
  readonly taken: Taken[] = [];

  constructor(options: ForwarderOptions = {}) {
    const { clock, channels } = this;
    this.forwarder = new QueryForwarder({ clock, channels, random: new FakeRandomNumbers() }, options);
  }

  readonly take: Reply = (answer, peer, from) => {
    this.taken.push({
      answer: answer === "failed" ? answer : Uint8Array.from(answer),
      peer,
      from: typeof from === "object" ? from.address : from,
    });
  };

  /** The only answer since the last time. */
  answer(): Uint8Array {
    const [taken] = this.taken.splice(0);
    if (taken === undefined || taken.answer === "failed") throw new Error(`no answer: ${taken?.answer}`);
    return taken.answer;
  }
}

export interface QueryParts {
  readonly id?: number;
  readonly name?: string;
  readonly type?: number;
  readonly class?: number;
  readonly recursion?: boolean;
  readonly authentic?: boolean;
  readonly checkingDisabled?: boolean;
  readonly edns?: {
    readonly size?: number;
    readonly dnssecOk?: boolean;
    readonly options?: readonly number[];
  };
}

export const types = { a: 1, ns: 2, cname: 5, soa: 6, txt: 16, aaaa: 28, axfr: 252, any: 255 } as const;

export function queryOf(parts: QueryParts = {}): Uint8Array {
  const { id = 7, name = "www.example.org", type = types.a, edns } = parts;
  const first = parts.recursion === false ? 0 : 1;
  const second = (parts.authentic === true ? 0x20 : 0) | (parts.checkingDisabled === true ? 0x10 : 0);
  const options = edns?.options ?? [];
  const opt =
    edns === undefined
      ? []
      : [
          0,
          0,
          41,
          ...two(edns.size ?? 1232),
          0,
          0,
          edns.dnssecOk === true ? 0x80 : 0,
          0,
          ...two(options.length),
          ...options,
        ];
  return Uint8Array.from([
    ...two(id),
    first,
    second,
    ...[0, 1, 0, 0, 0, 0],
    ...two(edns === undefined ? 0 : 1),
    ...nameOf(name),
    ...two(type),
    ...two(parts.class ?? 1),
    ...opt,
  ]);
}

export interface RecordParts {
  /** The question's name where it is left out. */
  readonly name?: string;
  /** The question's where it is left out. */
  readonly type?: number;
  readonly ttl?: number;
  readonly data?: readonly number[];
}

export interface AnswerParts {
  readonly code?: number;
  readonly truncated?: boolean;
  readonly answers?: readonly RecordParts[];
  readonly authorities?: readonly RecordParts[];
  readonly additionals?: readonly RecordParts[];
}

export function soa(minimum: number, ttl = 3600): RecordParts {
  return { name: "example.org", type: types.soa, ttl, data: [0, 0, ...Array(16).fill(1), ...four(minimum)] };
}

/** What a good server answers to the query, with the query's OPT record. */
export function answerTo(query: Uint8Array, parts: AnswerParts = {}): Uint8Array {
  const end = questionEnd(query);
  const { answers = [{}], authorities = [], additionals = [] } = parts;
  const asked = Buffer.from(query).readUInt16BE(end - 4);
  const opt = query.subarray(end);
  const bytes = [
    ...query.subarray(0, end),
    ...[...answers, ...authorities, ...additionals].flatMap((parts) => recordOf(parts, asked)),
    ...opt,
  ];
  const message = Uint8Array.from(bytes);
  const view = new DataView(message.buffer);
  message[2] = 0x80 | (message[2] ?? 0) | (parts.truncated === true ? 2 : 0);
  message[3] = 0x80 | ((message[3] ?? 0) & 0x10) | (parts.code ?? 0);
  view.setUint16(6, answers.length);
  view.setUint16(8, authorities.length);
  view.setUint16(10, additionals.length + (opt.length > 0 ? 1 : 0));
  return message;
}

function recordOf(parts: RecordParts, asked: number): number[] {
  const { name, type = asked, ttl = 300 } = parts;
  const { data = [...Array(type === types.aaaa ? 12 : 0).fill(0), 192, 0, 2, 80] } = parts;
  const owner = name === undefined ? [0xc0, 12] : nameOf(name);
  return [...owner, ...two(type), 0, 1, ...four(ttl), ...two(data.length), ...data];
}

export function nameOf(name: string): number[] {
  const labels = name.split(".").filter((label) => label !== "");
  return [...labels.flatMap((label) => [label.length, ...Buffer.from(label, "latin1")]), 0];
}

function two(value: number): number[] {
  return [value >>> 8, value & 0xff];
}

function four(value: number): number[] {
  return [...two(value >>> 16), ...two(value & 0xffff)];
}

function questionEnd(message: Uint8Array): number {
  let offset = 12;
  for (let label = message[offset] ?? 0; label !== 0; label = message[offset] ?? 0) offset += label + 1;
  return offset + 5;
}

/** What is to be seen in a message. */
export function look(message: Uint8Array) {
  const bytes = Buffer.from(message);
  const end = questionEnd(message);
  const ttls: number[] = [];
  readRecords(message, (_section, type, ttlAt) => {
    if (type !== 41) ttls.push(bytes.readUInt32BE(ttlAt));
  });
  return {
    id: bytes.readUInt16BE(0),
    name: bytes.toString("latin1", 12, end - 4).replaceAll(/[^a-z]/gi, "."),
    type: bytes.readUInt16BE(end - 4),
    code: bytes.readUInt8(3) & 15,
    truncated: (bytes.readUInt8(2) & 2) !== 0,
    recursion: (bytes.readUInt8(2) & 1) !== 0,
    checkingDisabled: (bytes.readUInt8(3) & 16) !== 0,
    counts: [4, 6, 8, 10].map((offset) => bytes.readUInt16BE(offset)),
    ttls,
  };
}
