/**
 * A netlink socket for requests and their answers.
 *
 * The kernel carries a request out inside send(), so everything here is synchronous: when send() returns, the answer is
 * in the socket's buffer. The socket keeps the namespace in which it was opened.
 */
import { constants } from "node:os";
import { ByteWriter, DecodeError } from "../codec/bytes.ts";
import { isKernelError, KernelError } from "../sys/errors.ts";
import type { OwnedFd } from "../sys/fd.ts";
import type { NetNamespace } from "../sys/namespace.ts";
import {
  AF_NETLINK,
  growReceiveBuffer,
  MSG_DONTWAIT,
  MSG_TRUNC,
  openSocket,
  orClose,
  receiveBytes,
  SOCK_RAW,
  sendBytes,
  setIntOption,
} from "../sys/socket.ts";
import {
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLMSG_DONE,
  NLMSG_ERROR,
  SOL_NETLINK,
} from "./constants.ts";
import { answeredTogether, asked } from "./gate.ts";
import {
  type Acknowledgement,
  type Message,
  type Query,
  type Request,
  readAcknowledgement,
  readMessages,
  writeMessage,
} from "./message.ts";

// Sockets are used by one thread and never across an await, so all of a thread's sockets share these.
const outgoing = new ByteWriter();
// The kernel fills dumps up to 32 KiB a datagram.
const incoming = Buffer.alloc(64 * 1024);

/**
 * Bytes that answers may take before they are read, whatever the machine's net.core.rmem_default: where they do not fit, nobody
 * knows what was carried out. Takes no memory before there are answers.
 */
const receiveBuffer = 1024 * 1024;
/** Requests of one send, whose acknowledgements surely fit into that. */
const requestsPerSend = 64;
/** Dumps that a change interrupted are repeated, but not for ever. */
const dumpAttempts = 10;

export interface DumpOptions {
  /** So many are read, and no more: a table that somebody else fills may take seconds. Default: all. */
  readonly most?: number;
}

export class NetlinkSocket implements Disposable {
  readonly #socket: OwnedFd;
  #sequence = 0;

  /**
   * @param protocol NETLINK_ROUTE, NETLINK_NETFILTER
   * @param namespace where the socket lives; default: the calling thread's
   */
  constructor(protocol: number, namespace?: NetNamespace) {
    const open = () => openSocket(AF_NETLINK, SOCK_RAW, protocol);
    const socket = namespace === undefined ? open() : namespace.run(open);
    this.#socket = orClose(socket, () => {
      for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]) {
        setIntOption(socket, SOL_NETLINK, option, 1);
      }
      growReceiveBuffer(socket, receiveBuffer);
    });
  }

  /**
   * Sends requests together; each is carried out in its turn, whether those before it failed or not.
   *
   * @returns for each request its error, or undefined where it was carried out
   */
  attempt(requests: readonly Request[]): readonly (KernelError | undefined)[] {
    return answeredTogether(requests, (admitted) => this.#attempt(admitted));
  }

  #attempt(requests: readonly Request[]): readonly (KernelError | undefined)[] {
    const outcomes: (KernelError | undefined)[] = [];
    for (let start = 0; start < requests.length; start += requestsPerSend) {
      const batch = requests.slice(start, start + requestsPerSend);
      const first = this.#send(batch, NLM_F_ACK);
      let answered = 0;
      while (answered < batch.length) {
        for (const message of this.#receive()) {
          const request = batch[(message.sequence - first) >>> 0];
          if (request === undefined || message.type !== NLMSG_ERROR) continue;
          outcomes.push(failureOf(request, readAcknowledgement(message)));
          answered++;
        }
      }
    }
    return outcomes;
  }

  /** As {@link attempt}, and throws the first error. All requests were tried by then. */
  execute(...requests: readonly Request[]): void {
    const failure = this.attempt(requests).find((outcome) => outcome !== undefined);
    if (failure !== undefined) throw failure;
  }

  /** Asks for one object. Throws KernelError where there is none (ENODEV, ENOENT, ESRCH ...). */
  query<T>(request: Query<T>): T {
    return asked(request, () => this.#query(request));
  }

  #query<T>(request: Query<T>): T {
    const sequence = this.#send([request], NLM_F_ACK);
    let answer: { readonly value: T } | undefined;
    for (;;) {
      for (const message of this.#receive()) {
        if (message.sequence !== sequence) continue;
        if (message.type !== NLMSG_ERROR) {
          answer ??= { value: request.decode(message.payload, message.type) };
          continue;
        }
        const failure = failureOf(request, readAcknowledgement(message));
        if (failure !== undefined) throw failure;
        if (answer === undefined)
          throw new DecodeError(`${request.operation} was acknowledged without an answer`);
        return answer.value;
      }
    }
  }

  /**
   * Asks for a whole table; a dump that a concurrent change made inconsistent is taken again. What decodes to undefined
   * is left out.
   *
   * @throws KernelError E2BIG where there is more than was allowed for; the socket is then of no more use
   */
  dump<T>(request: Query<T | undefined>, { most = Number.POSITIVE_INFINITY }: DumpOptions = {}): T[] {
    for (let attempt = 1; ; attempt++) {
      const { items, interrupted } = asked(request, () => this.#dumpOnce(request, most));
      if (!interrupted || attempt === dumpAttempts) return items;
    }
  }

  #dumpOnce<T>(request: Query<T | undefined>, most: number): { items: T[]; interrupted: boolean } {
    const sequence = this.#send([request], NLM_F_DUMP);
    const items: T[] = [];
    let interrupted = false;
    let unreadable: { readonly error: unknown } | undefined;
    for (;;) {
      for (const message of this.#receive()) {
        if (message.sequence !== sequence) continue;
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) interrupted = true;
        if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
          const failure = failureOf(request, readEnd(message));
          if (failure !== undefined) throw failure;
          if (unreadable !== undefined) throw unreadable.error;
          return { items, interrupted };
        }
        if (unreadable !== undefined) continue;
        try {
          const item = request.decode(message.payload, message.type);
          if (item !== undefined) items.push(item);
          if (items.length > most) throw tooMany(request, most);
        } catch (error) {
          if (isKernelError(error, "E2BIG")) throw error;
          // The rest is received all the same: until the kernel has told everything, it refuses the next dump.
          unreadable = { error };
        }
      }
    }
  }

  /** Answers the first request's sequence number; the others follow it. */
  #send(requests: readonly Request[], extraFlags: number): number {
    const first = (this.#sequence + 1) >>> 0;
    outgoing.clear();
    for (const request of requests) {
      this.#sequence = (this.#sequence + 1) >>> 0;
      writeMessage(outgoing, request, extraFlags, this.#sequence);
    }
    sendBytes(this.#socket, outgoing.storage, outgoing.length, requests[0]?.operation ?? "nothing");
    return first;
  }

  #receive(): Iterable<Message> {
    // What is not there when send() has returned never comes: to wait would be to hang.
    const length = receiveBytes(this.#socket, incoming, MSG_TRUNC | MSG_DONTWAIT, "netlink");
    if (length > incoming.length) throw new DecodeError(`a netlink answer of ${length} bytes was cut off`);
    return readMessages(incoming, length);
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

/** NLMSG_DONE carries the errno of a dump that failed on the way, in the same place as NLMSG_ERROR. */
function readEnd(message: Message): Acknowledgement {
  if (message.type === NLMSG_ERROR) return readAcknowledgement(message);
  return { errno: message.payload.remaining >= 4 ? -message.payload.i32() : 0, message: undefined };
}

function tooMany({ operation, subject }: Request, most: number): KernelError {
  const kernelMessage = `there are more than ${most}`;
  return new KernelError({ operation, subject, errno: constants.errno.E2BIG, kernelMessage });
}

function failureOf(request: Request, { errno, message }: Acknowledgement): KernelError | undefined {
  if (errno === 0) return undefined;
  return new KernelError({
    operation: request.operation,
    subject: request.subject,
    errno,
    ...(message === undefined ? {} : { kernelMessage: message }),
  });
}
