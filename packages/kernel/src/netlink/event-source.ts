/**
 * Where a monitor's datagrams come from: one socket that is read as a stream, or, where the events of other namespaces are wanted
 * too, two.
 *
 * Of which namespace an event is stands in a control message, and Node.js reads streams without those. So one socket is read by
 * recvmsg(2), and another, with the same groups and a filter that keeps one byte of each datagram, says when. The kernel serves
 * the socket that subscribed last first: that is the one with the data, which is there when the other wakes us up.
 */
import type { Socket } from "node:net";
import { streamDatagrams } from "../sys/event-stream.ts";
import { TaggedReceiver } from "../sys/tagged-receiver.ts";
import { NETLINK_LISTEN_ALL_NSID, SOL_NETLINK } from "./constants.ts";
import { openMulticastSocket, type Subscription } from "./multicast.ts";

export interface EventSource extends Disposable {
  unref(): void;
}

export interface EventSink {
  /** @param namespaceId the number that the listening namespace has for the event's; undefined where they are the same */
  receive(datagram: Buffer, namespaceId: number | undefined): void;
  /** The source has ended. ENOBUFS: events were lost. */
  fail(error: unknown): void;
}

/** Opens it in the calling thread's namespace. */
export function openEventSource(subscription: Subscription, sink: EventSink): EventSource {
  return subscription.allNamespaces === true
    ? new TaggedSource(subscription, sink)
    : new StreamSource(subscription, sink);
}

class StreamSource implements EventSource {
  readonly #stream: Socket;

  constructor(subscription: Subscription, sink: EventSink) {
    this.#stream = streamDatagrams(openMulticastSocket(subscription));
    this.#stream.on("data", (datagram: Buffer) => sink.receive(datagram, undefined));
    this.#stream.on("error", (error) => sink.fail(error));
  }

  unref(): void {
    this.#stream.unref();
  }

  [Symbol.dispose](): void {
    this.#stream.destroy();
  }
}

class TaggedSource implements EventSource {
  readonly #sink: EventSink;
  readonly #signal: Socket;
  readonly #receiver: TaggedReceiver;
  #ended = false;

  constructor(subscription: Subscription, sink: EventSink) {
    this.#sink = sink;
    this.#signal = streamDatagrams(openMulticastSocket({ ...subscription, keep: 1 }));
    try {
      this.#receiver = new TaggedReceiver(openMulticastSocket(subscription), {
        level: SOL_NETLINK,
        type: NETLINK_LISTEN_ALL_NSID,
      });
    } catch (error) {
      this.#signal.destroy();
      throw error;
    }
    this.#signal.on("data", () => this.#drain());
    this.#signal.on("error", (error) => this.#end(error));
  }

  unref(): void {
    this.#signal.unref();
  }

  #drain(): void {
    try {
      while (!this.#ended) {
        const datagram = this.#receiver.receive();
        if (datagram === undefined) return;
        this.#sink.receive(datagram.bytes, datagram.tag);
      }
    } catch (error) {
      this.#end(error);
    }
  }

  #end(error: unknown): void {
    if (this.#ended) return;
    this[Symbol.dispose]();
    this.#sink.fail(error);
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.#signal.destroy();
    this.#receiver[Symbol.dispose]();
  }
}
