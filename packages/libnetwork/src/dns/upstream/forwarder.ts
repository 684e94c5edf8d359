/**
 * Asks others for what we do not answer ourselves: sandboxes with their limits, the cache, and the questions that are on their way.
 */

import { wordAt } from "../wire/bytes.ts";
import { recordTypes } from "../wire/constants.ts";
import { Cache } from "./cache.ts";
import { ChainedMap } from "./chained-map.ts";
import type {
  Client,
  Forwarder,
  ForwarderCounts,
  ForwarderOptions,
  Observer,
  Protocol,
  Reply,
  Server,
  Surroundings,
} from "./contract.ts";
import { Exchange, type Office } from "./exchange.ts";
import { Lifetime } from "./lifetime.ts";
import { type Manner, usualManner } from "./manner.ts";
import { Question } from "./question.ts";
import { type ServerList, ServerLists } from "./server-list.ts";
import { answerAs, refusal, Waiter } from "./waiter.ts";

/** What a client may have on its way when places are scarce. */
const fairShare = 64;

export class QueryForwarder implements Forwarder {
  readonly counts: ForwarderCounts = noCounts();
  readonly cache: Cache;
  readonly #lists = new ServerLists();
  readonly #desk: Desk;

  constructor(surroundings: Surroundings, options: ForwarderOptions = {}) {
    this.cache = new Cache(options.cacheBytes ?? 8 * 1024 * 1024);
    this.#desk = new Desk(surroundings, options, this.cache, this.counts);
  }

  get inFlight(): number {
    return this.#desk.exchanges;
  }

  /** How many different lists of servers clients have. */
  get lists(): number {
    return this.#lists.count;
  }

  client(servers: readonly Server[], manner = usualManner): Client {
    return new Sandbox(this.#desk, this.#lists, servers, manner);
  }

  clear(): void {
    this.cache.clear();
  }
}

/** What the clients of a forwarder share. */
class Desk implements Office {
  readonly clock: Surroundings["clock"];
  readonly channels: Surroundings["channels"];
  readonly random: Surroundings["random"];
  readonly lifetime = new Lifetime();
  readonly cache: Cache;
  readonly counts: ForwarderCounts;
  readonly patience: number;
  readonly holdOff: number;
  readonly limit: number;
  readonly mostExchanges: number;
  readonly seed: number;
  /** The one that is being read. */
  readonly question = new Question();
  exchanges = 0;

  constructor(given: Surroundings, options: ForwarderOptions, cache: Cache, counts: ForwarderCounts) {
    this.clock = given.clock;
    this.channels = given.channels;
    this.random = given.random;
    this.cache = cache;
    this.counts = counts;
    this.patience = options.patience ?? 1500;
    this.holdOff = options.holdOff ?? 10_000;
    this.limit = options.inFlight ?? 1024;
    this.mostExchanges = options.exchanges ?? 4096;
    this.seed = (given.random.next() << 16) | given.random.next();
  }

  /** @param held how many queries of the client wait already */
  hasPlaceFor(held: number): boolean {
    if (held >= this.limit) return false;
    return this.exchanges < (held < fairShare ? this.mostExchanges : this.mostExchanges / 2);
  }

  over(exchange: Exchange): void {
    exchange.list.exchanges.remove(exchange.hash, exchange);
    this.exchanges--;
  }
}

class Sandbox implements Client {
  readonly #desk: Desk;
  readonly #lists: ServerLists;
  /** By peer. */
  readonly #waiters = new ChainedMap<Waiter>();
  /** Undefined when the sandbox is gone. */
  #list: ServerList | undefined;

  constructor(desk: Desk, lists: ServerLists, servers: readonly Server[], manner: Manner) {
    this.#desk = desk;
    this.#lists = lists;
    this.#list = lists.take(servers, manner);
  }

  get inFlight(): number {
    return this.#waiters.size;
  }

  forward(
    query: Uint8Array,
    protocol: Protocol,
    peer: number,
    reply: Reply,
    length = query.length,
    observer?: Observer,
  ): void {
    const desk = this.#desk;
    const { question, counts } = desk;
    const list = this.#list;
    if (list === undefined) return;
    if (!question.read(query, length, desk.seed)) {
      reply("failed", peer, undefined);
      return;
    }
    if (question.plain) {
      const known = desk.cache.find(list.answers, question, query, desk.clock.now());
      if (known !== undefined) {
        counts.cached++;
        observer?.cached();
        reply(answerAs(known, query, question, protocol), peer, "cache");
        return;
      }
    }
    this.#ask(list, query, length, protocol, peer, reply, observer);
  }

  #ask(
    list: ServerList,
    query: Uint8Array,
    length: number,
    protocol: Protocol,
    peer: number,
    reply: Reply,
    observer: Observer | undefined,
  ): void {
    const desk = this.#desk;
    const { question, counts } = desk;
    const by = list.manner.byTcp ? "tcp" : protocol;
    const underWay = observer === undefined ? find(list, question, query, length, by) : undefined;
    if (underWay !== undefined && this.#isRepeated(underWay, query, peer)) {
      counts.repeated++;
      return;
    }
    // Transfers of zones are many messages, and nothing that a resolver does.
    const isTransfer = question.type === recordTypes.IXFR || question.type === recordTypes.AXFR;
    if (isTransfer || !desk.hasPlaceFor(this.inFlight)) {
      counts.refused++;
      reply(refusal(query, question), peer, undefined);
      return;
    }
    const exchange = underWay ?? new Exchange(desk, list, by, question, query, length, observer);
    const waiter = new Waiter(this, exchange, query, question, protocol, peer, reply);
    exchange.add(waiter);
    this.#waiters.add(peer, waiter);
    if (underWay !== undefined) {
      counts.shared++;
      return;
    }
    list.exchanges.add(exchange.hash, exchange);
    desk.exchanges++;
    exchange.ask();
  }

  setServers(servers: readonly Server[], manner = usualManner): void {
    const before = this.#list;
    if (before === undefined) return;
    this.#list = this.#lists.take(servers, manner);
    this.#release(before);
  }

  [Symbol.dispose](): void {
    const list = this.#list;
    if (list === undefined) return;
    this.#list = undefined;
    for (const waiter of this.#waiters) {
      this.forget(waiter);
      waiter.exchange.remove(waiter);
    }
    this.#release(list);
  }

  #release(list: ServerList): void {
    if (this.#lists.release(list)) this.#desk.cache.drop(list.answers);
  }

  #isRepeated(exchange: Exchange, query: Uint8Array, peer: number): boolean {
    const id = wordAt(query, 0);
    let waiter = this.#waiters.first(peer);
    while (waiter !== undefined && (waiter.exchange !== exchange || waiter.id !== id)) waiter = waiter.next;
    return waiter !== undefined;
  }

  /** It has its answer. */
  forget(waiter: Waiter): void {
    this.#waiters.remove(waiter.peer, waiter);
  }
}

function find(
  list: ServerList,
  question: Question,
  query: Uint8Array,
  length: number,
  protocol: Protocol,
): Exchange | undefined {
  let exchange = list.exchanges.first(question.hash);
  while (exchange !== undefined && !exchange.isOf(question, query, length, protocol))
    exchange = exchange.next;
  return exchange;
}

function noCounts(): ForwarderCounts {
  return {
    sent: 0,
    answered: 0,
    cached: 0,
    shared: 0,
    repeated: 0,
    refused: 0,
    silent: 0,
    unreachable: 0,
    broken: 0,
    notAnswers: 0,
    wrongId: 0,
    wrongQuestion: 0,
    wrongCase: 0,
    late: 0,
  };
}
