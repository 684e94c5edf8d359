/**
 * One port of a local IPv4 address led to another port of the same address, UDP and TCP, for what programs in the namespace send
 * there: linux/netfilter/nf_tables.h, by one batch of netlink messages (batch.ts).
 *
 * Ports are written over, in queries on their way out and in answers on theirs; both leave by the output hook, as both sides are
 * local. There is no connection tracking in it, which `dnat` would turn on for all traffic of the namespace (0.6 us a packet), and
 * which would lead a client that keeps its socket to the port that was. Where the namespace tracks connections all the same, it sees
 * a connection to the port that was asked for: queries are written over behind it, answers before it.
 *
 * What says that nobody listens is dropped: a client that asks while the server is being replaced waits and asks again.
 */
import { ipToBytes } from "../codec/inet.ts";
import { NETLINK_NETFILTER } from "../netlink/constants.ts";
import type { Request } from "../netlink/message.ts";
import { protocolNumbers } from "../netlink/netfilter.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import { isKernelError } from "../sys/errors.ts";
import type { NetNamespace } from "../sys/namespace.ts";
import { closeInTime, type Later, NftBatches, writtenOnce } from "./batch.ts";
import {
  checksumOffsets,
  drop,
  type Expression,
  equals,
  icmp,
  ipv4,
  ports,
  set,
  tcp,
} from "./expressions.ts";
import {
  deleteTable,
  listRules,
  NF_INET_LOCAL_OUT,
  newBaseChain,
  newRule,
  newTable,
  type Rule,
  type RuleMark,
} from "./table-messages.ts";

export interface PortRewrite {
  /** Name of a table of family ip, all of which is this. */
  readonly table: string;
  /** Whose it is: the table's comment, and the beginning of each rule's. At most 200 bytes. */
  readonly owner: string;
  /** A local IPv4 address. */
  readonly address: string;
  /** The port that is asked. */
  readonly port: number;
  /** The port, of the same address, that a server listens at. Asked directly, its answers come from the other one. */
  readonly to: number;
}

/** Of the rules: another one's are replaced. */
const version = 1;

/** Before connection tracking (-200) and `raw` (-300), behind the putting together of fragments (-400). */
const answersPriority = -310;
/** Behind connection tracking and `dstnat` (-100): rules of others that lead the port elsewhere go first. */
const queriesPriority = -90;

/**
 * Makes it in the namespace that the calling thread is in. One that stands as it is to be is left alone; another one is replaced in one
 * transaction, whatever it was.
 *
 * @param later for a thread without an event loop, as for {@link closeInTime}
 * @throws KernelError EOPNOTSUPP, ENOENT (no nf_tables), EPERM ...
 */
export function rewritePort(rewrite: PortRewrite, later?: Later): void {
  // A batch that is refused costs 8 ms, and so is no way to find out what is there.
  const found = rulesOf(rewrite.table);
  if (isWhole(rewrite, found)) return;
  if (found.length > 0 || !isMade(rewrite)) replace(rewrite, later);
}

/**
 * Makes it a message at a time, some 20 us each: to be told to go on, from any namespace, until it is done. It leads anywhere when it is. One
 * that was begun and not finished is replaced by {@link rewritePort}, as is by this, though not in pieces, what a former run left there.
 *
 * @param later as for rewritePort()
 * @throws KernelError as rewritePort()
 */
export function* rewritePortInPieces(
  rewrite: PortRewrite,
  namespace: NetNamespace,
  later?: Later,
): Generator<void, void> {
  const { making } = messagesFor(rewrite);
  using batches = new NftBatches(namespace);
  for (const [at, request] of making.entries()) {
    yield;
    try {
      batches.carryOut([request]);
    } catch (error) {
      if (at > 0 || !isKernelError(error, "EEXIST")) throw error;
      namespace.run(() => rewritePort(rewrite, later));
      return;
    }
  }
}

/** True where it stands in the namespace that the calling thread is in, as {@link rewritePort} makes it. */
export function isPortRewritten(rewrite: PortRewrite): boolean {
  return isWhole(rewrite, rulesOf(rewrite.table));
}

/** Takes it away, from the namespace that the calling thread is in; one that is not there is as good as taken away. */
export function removePortRewrite(table: string): void {
  try {
    carryOutDeleting([deleteTable("ip", table)]);
  } catch (error) {
    if (!isKernelError(error, "ENOENT")) throw error;
  }
}

/** Makes it where there is no such table; false where there is one, with other chains. */
function isMade(rewrite: PortRewrite): boolean {
  using batches = new NftBatches();
  try {
    batches.carryOut(messagesFor(rewrite).making);
    return true;
  } catch (error) {
    if (!isKernelError(error, "EEXIST", "EOPNOTSUPP")) throw error;
    return false;
  }
}

function replace(rewrite: PortRewrite, later: Later | undefined): void {
  const { table, owner } = rewrite;
  const { making } = messagesFor(rewrite);
  carryOutDeleting([newTable("ip", table, owner), deleteTable("ip", table), ...making], later);
}

function carryOutDeleting(requests: readonly Request[], later?: Later): void {
  const batches = new NftBatches();
  try {
    batches.carryOut(requests);
  } finally {
    closeInTime(batches, later);
  }
}

/** More of them than there are to be, and no more: whoever is root in the namespace may put any number there. */
const mostRules = 16;

/** Rules of a table, in order; none where there is no such table. */
function rulesOf(table: string): RuleMark[] {
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  return socket.dump(listRules("ip", table), { most: mostRules });
}

function isWhole(rewrite: PortRewrite, found: readonly RuleMark[]): boolean {
  if (found.length === 0) return false;
  const { rules } = messagesFor(rewrite);
  return (
    found.length === rules.length &&
    rules.every(({ chain, comment }, at) => found[at]?.chain === chain && found[at]?.comment === comment)
  );
}

/** What is sent, and what is found afterwards. */
interface Messages {
  readonly key: string;
  readonly rules: readonly RuleMark[];
  readonly making: readonly Request[];
}

/** Of the last one that was made: in one sandbox after the other it is the same. */
let lastMessages: Messages | undefined;

function messagesFor(rewrite: PortRewrite): Messages {
  const { table, owner, address, port, to } = rewrite;
  const key = JSON.stringify([table, owner, address, port, to]);
  if (lastMessages?.key === key) return lastMessages;
  const rules = rulesFor(rewrite);
  lastMessages = { key, rules, making: making(rewrite, rules).map(writtenOnce) };
  return lastMessages;
}

function making({ table, owner }: PortRewrite, rules: readonly Rule[]): Request[] {
  const chain = (name: string, priority: number) =>
    newBaseChain("ip", table, { name, type: "filter", hook: NF_INET_LOCAL_OUT, priority });
  return [
    newTable("ip", table, owner, { exclusive: true }),
    chain("answers", answersPriority),
    chain("queries", queriesPriority),
    ...rules.map((rule) => newRule("ip", table, rule)),
  ];
}

function rulesFor(rewrite: PortRewrite): Rule[] {
  const { owner, address, port, to } = rewrite;
  const comment = `${owner}: ${address}:${port} is at ${to}, version ${version}`;
  return [
    ...answerRules(rewrite).map((expressions) => ({ chain: "answers", comment, expressions })),
    ...queryRules(rewrite).map((expressions) => ({ chain: "queries", comment, expressions })),
  ];
}

function answerRules({ address, port, to }: PortRewrite): Expression[][] {
  const ours = equals(ipv4.source, ipToBytes(address));
  const from = portBytes(to);
  const asked = portBytes(port);
  return [
    [
      ...ours,
      ...protocol("udp"),
      ...equals(ports.source, from),
      ...set(ports.source, asked, checksumOffsets.udp),
    ],
    // The refusal of a connection: RST and ACK, which begins at 0 because nothing was ever sent. One that stood is broken off as ever.
    [
      ...ours,
      ...protocol("tcp"),
      ...equals(ports.source, from),
      ...equals(tcp.flags, Uint8Array.of(0x14)),
      ...equals(tcp.sequence, new Uint8Array(4)),
      drop,
    ],
    [
      ...ours,
      ...protocol("tcp"),
      ...equals(ports.source, from),
      ...set(ports.source, asked, checksumOffsets.tcp),
    ],
    // Destination unreachable: port.
    [...ours, ...protocol("icmp"), ...equals(icmp.typeAndCode, Uint8Array.of(3, 3)), drop],
  ];
}

function queryRules({ address, port, to }: PortRewrite): Expression[][] {
  return (["udp", "tcp"] as const).map((name) => [
    ...equals(ipv4.destination, ipToBytes(address)),
    ...protocol(name),
    ...equals(ports.destination, portBytes(port)),
    ...set(ports.destination, portBytes(to), checksumOffsets[name]),
  ]);
}

function protocol(name: "udp" | "tcp" | "icmp"): Expression[] {
  return equals(ipv4.protocol, Uint8Array.of(protocolNumbers[name]));
}

function portBytes(port: number): Uint8Array {
  return Uint8Array.of(port >> 8, port & 0xff);
}
