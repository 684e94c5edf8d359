/**
 * One question on its way: from server to server, until one answers, with all who wait for it.
 *
 * How long a server is waited for follows from the askers. glibc and Go wait 5 s before they ask again (glibc twice altogether, then the
 * program has its error), musl 2.5 s, and gives up after 5 s, c-ares 3 s (1.34, measured). Docker gives each of three servers 4 s: a second one
 * answers in the last second, a third one nobody. Three tries of 1.5 s are over after 4.5 s, before anybody with 5 s has given up; a second
 * server has answered before any of them asks again, and who repeats itself joins what is under way. A name that takes a server longer is not
 * lost: the server goes on looking, and has the answer when it is asked again, at 1.5 s or 3 s where it is the only one. Where askers wait longer,
 * or not as long (`timeout` of resolv.conf), so do we: manner.ts.
 */

import type { AskingOutcome } from "../../contracts/names.ts";
import { byteAt, setWord, wordAt } from "../wire/bytes.ts";
import { headerBits, rcodes } from "../wire/constants.ts";
import type { Cache } from "./cache.ts";
import type { Chained } from "./chained-map.ts";
import type {
  Channel,
  ChannelListener,
  ForwarderCounts,
  Observer,
  Protocol,
  Server,
  Surroundings,
} from "./contract.ts";
import { nextServer, type ServerHealth } from "./health.ts";
import type { Lifetime } from "./lifetime.ts";
import { judge } from "./matching.ts";
import { lowerCase, mixCase, outgoing } from "./outgoing.ts";
import { type Question, sameQuestion } from "./question.ts";
import type { ServerList } from "./server-list.ts";
import type { Waiter } from "./waiter.ts";

const mostTries = 3;

/** What all exchanges of a forwarder share. */
export interface Office extends Surroundings {
  readonly lifetime: Lifetime;
  readonly cache: Cache;
  readonly counts: ForwarderCounts;
  readonly patience: number;
  readonly holdOff: number;
  /** Nobody can join any more. */
  over(exchange: Exchange): void;
}

export class Exchange implements Chained<Exchange> {
  readonly list: ServerList;
  /** That in which servers are asked. */
  readonly protocol: Protocol;
  readonly hash: number;
  readonly variant: number;
  readonly plain: boolean;
  readonly nameEnd: number;
  readonly type: number;
  next: Exchange | undefined;

  readonly #office: Office;
  readonly #observer: Observer | undefined;
  readonly #query: Uint8Array;
  readonly #epoch: number;
  #first: Waiter | undefined;
  #last: Waiter | undefined;
  #attempt: Attempt | undefined;
  readonly #firstPlace: number;
  #tries = 0;
  /** Bits of servers, by their place in the list. */
  #asked = 0;
  #silent = 0;
  /** The best there is, should nobody have a better answer: SERVFAIL or REFUSED. */
  #poor: Uint8Array | undefined;
  #poorFrom: Server | undefined;
  /** Somebody has said something: who was silent is not asked again. */
  #heard = false;

  constructor(
    office: Office,
    list: ServerList,
    protocol: Protocol,
    question: Question,
    query: Uint8Array,
    length: number,
    observer: Observer | undefined,
  ) {
    this.#office = office;
    this.#observer = observer;
    this.list = list;
    this.protocol = protocol;
    this.hash = question.hash;
    this.variant = question.variant;
    this.plain = question.plain;
    this.nameEnd = question.nameEnd;
    this.type = question.type;
    this.#query = outgoing(query, length, question);
    this.#epoch = office.cache.epoch;
    this.#firstPlace = list.nextFirst();
  }

  /** Whether the query is answered by what answers this one. */
  isOf(question: Question, query: Uint8Array, length: number, protocol: Protocol): boolean {
    const { plain, nameEnd } = this;
    if (protocol !== this.protocol || question.plain !== plain || question.nameEnd !== nameEnd) return false;
    if (plain) return question.variant === this.variant && sameQuestion(this.#query, query, nameEnd);
    if (length !== this.#query.length) return false;
    for (let offset = 2; offset < length; offset++)
      if (byteAt(query, offset) !== byteAt(this.#query, offset)) return false;
    return true;
  }

  add(waiter: Waiter): void {
    waiter.before = this.#last;
    if (this.#last === undefined) this.#first = waiter;
    else this.#last.after = waiter;
    this.#last = waiter;
  }

  /** Without an answer. When nobody waits any more, nobody is asked any more. */
  remove(waiter: Waiter): void {
    this.#unlink(waiter);
    if (this.#first !== undefined || this.#attempt === undefined) return;
    this.#attempt.end();
    this.#attempt = undefined;
    this.#office.over(this);
  }

  /** Asks the next server, or gives up. */
  ask(): void {
    this.#attempt = undefined;
    const { clock, counts, holdOff } = this.#office;
    const servers = this.list[this.protocol];
    const now = clock.now();
    const place = this.#tries < mostTries ? this.#nextPlace(servers, now) : -1;
    const health = servers[place];
    if (health === undefined) {
      this.#finish(this.#poor ?? "failed", this.#poorFrom);
      return;
    }
    this.#tries++;
    this.#asked |= 1 << place;
    health.taken(now, holdOff);
    this.#write(health, now);
    counts.sent++;
    const attempt = new Attempt(this, health, place, now);
    this.#attempt = attempt;
    attempt.begin(this.#office, this.#query);
  }

  #nextPlace(servers: readonly ServerHealth[], now: number): number {
    const place = nextServer(servers, this.#asked, now, this.#firstPlace);
    if (place >= 0 || this.#heard || this.#silent === 0) return place;
    // A second round, of those that were silent: a datagram may have been lost.
    this.#asked = ~this.#silent;
    return nextServer(servers, this.#asked, now, this.#firstPlace);
  }

  /** A new id and case for each try. */
  #write(health: ServerHealth, now: number): void {
    const { random } = this.#office;
    setWord(this.#query, 0, random.next());
    if (!this.plain) return;
    if (health.keepsCase(now)) mixCase(this.#query, this.nameEnd, random);
    else lowerCase(this.#query, this.nameEnd);
  }

  /** A message by the channel of the attempt that is under way. */
  heard(attempt: Attempt, message: Uint8Array): void {
    const { counts, clock, lifetime } = this.#office;
    const verdict = judge(this.#query, this.nameEnd, message);
    if (verdict !== "answer") {
      counts[verdict]++;
      // Whoever can make us believe this has guessed id and port already; we give up the guard that he would run into next.
      if (verdict === "wrongCase" && this.plain) attempt.health.losesCase(clock.now());
      return;
    }
    attempt.end();
    attempt.health.answered(clock.now());
    this.#heard = true;
    const truncated = (wordAt(message, 2) & headerBits.TC) !== 0;
    // One that is cut short may end anywhere.
    if (!truncated && !lifetime.read(message, this.type)) {
      counts.broken++;
      this.#tell(attempt, "broken");
      this.ask();
      return;
    }
    counts.answered++;
    const code = wordAt(message, 2) & headerBits.RCODE;
    this.#tell(attempt, "answered", code);
    if (code === rcodes.SERVFAIL || code === rcodes.REFUSED) {
      this.#poor = new Uint8Array(message);
      this.#poorFrom = attempt.health.server;
      this.ask();
      return;
    }
    if (!truncated) this.#keep(message);
    this.#finish(message, attempt.health.server);
  }

  silent(attempt: Attempt): void {
    const { clock, counts, holdOff } = this.#office;
    attempt.end();
    counts.silent++;
    this.#silent |= 1 << attempt.place;
    attempt.health.silent(attempt.since, clock.now(), holdOff);
    this.#tell(attempt, "silent");
    this.ask();
  }

  /** @param ours no socket was to be had: nothing that the server could help. */
  unreachable(attempt: Attempt, ours: boolean): void {
    const { clock, counts, holdOff } = this.#office;
    attempt.end();
    counts.unreachable++;
    if (!ours) attempt.health.unreachable(clock.now(), holdOff);
    this.#tell(attempt, "unreachable");
    this.ask();
  }

  #tell({ health, since }: Attempt, outcome: AskingOutcome, rcode?: number) {
    const milliseconds = this.#office.clock.now() - since;
    this.#observer?.tried(health.server, this.protocol, outcome, milliseconds, rcode);
  }

  #keep(message: Uint8Array): void {
    const { cache, clock, lifetime } = this.#office;
    if (this.plain) cache.put(this.list.answers, this, message, lifetime, this.#epoch, clock.now());
  }

  #finish(answer: Uint8Array | "failed", from: Server | undefined): void {
    this.#attempt = undefined;
    if (answer !== "failed" && answer === this.#poor && this.#office.lifetime.read(answer, this.type))
      this.#keep(answer);
    this.#office.over(this);
    const errors: unknown[] = [];
    for (let waiter = this.#first; waiter !== undefined; waiter = this.#first) {
      this.#unlink(waiter);
      waiter.owner.forget(waiter);
      try {
        waiter.deliver(answer, from);
      } catch (error) {
        // The others are other sandboxes: they have their answer all the same.
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  #unlink(waiter: Waiter): void {
    if (waiter.before === undefined) this.#first = waiter.after;
    else waiter.before.after = waiter.after;
    if (waiter.after === undefined) this.#last = waiter.before;
    else waiter.after.before = waiter.before;
    waiter.before = undefined;
    waiter.after = undefined;
  }
}

/** One server that is asked: it listens to one channel, and to nothing any more when its time is over. */
class Attempt implements ChannelListener {
  readonly health: ServerHealth;
  readonly place: number;
  readonly since: number;
  readonly #exchange: Exchange;
  #office: Office | undefined;
  #channel: Channel | undefined;
  #timer: Disposable | undefined;
  #over = false;

  constructor(exchange: Exchange, health: ServerHealth, place: number, since: number) {
    this.#exchange = exchange;
    this.health = health;
    this.place = place;
    this.since = since;
  }

  begin(office: Office, query: Uint8Array): void {
    this.#office = office;
    const { server } = this.health;
    try {
      const channel = office.channels.open(server, this.#exchange.protocol, this);
      if (this.#over) {
        channel[Symbol.dispose]();
        return;
      }
      this.#channel = channel;
      const patience = this.#exchange.list.manner.patience ?? office.patience;
      this.#timer = office.clock.at(this.since + patience, () => {
        if (!this.#over) this.#exchange.silent(this);
      });
      channel.send(query);
    } catch {
      if (!this.#over) this.#exchange.unreachable(this, true);
    }
  }

  message(bytes: Uint8Array): void {
    if (!this.#over) this.#exchange.heard(this, bytes);
    else if (this.#office !== undefined) this.#office.counts.late++;
  }

  failed(_reason: string): void {
    if (!this.#over) this.#exchange.unreachable(this, false);
  }

  end(): void {
    this.#over = true;
    this.#channel?.[Symbol.dispose]();
    this.#channel = undefined;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}
