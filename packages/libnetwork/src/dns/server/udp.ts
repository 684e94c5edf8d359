/**
 * Questions by UDP: by the batch, RFC 1035 section 4.2.1.
 */
import { DatagramBatch, isKernelError, sendDatagramTo } from "@causeway/kernel";
import type { Answering, Asker, Remembered } from "./asker.ts";
import type { Loop, Readable } from "./loop.ts";

/** Bytes of a question that are read: none is as long. */
const longestQuestion = 1232;
/** Bytes of an answer: more than anybody is told that may be sent, RFC 6891 section 6.2.5. */
const longestDatagram = 4096;
/** Questions at once that one asker who waits for his answers never comes to. */
const many = 8;

/** One for all sockets of the thread. */
export function makeBatch(): DatagramBatch {
  return new DatagramBatch({ receive: longestQuestion, answer: longestDatagram });
}

export interface UdpSetting {
  readonly loop: Pick<Loop, "rest">;
  readonly batch: DatagramBatch;
  /** Has what the controller said taken up. */
  readonly catchUp: () => void;
}

export class UdpService implements Readable, Asker {
  readonly protocol = "udp";
  readonly #fd: number;
  readonly #loop: Pick<Loop, "rest">;
  readonly #batch: DatagramBatch;
  readonly #catchUp: () => void;
  readonly #answering: Answering;
  #slot = 0;
  #isClosed = false;

  constructor(fd: number, { loop, batch, catchUp }: UdpSetting, answering: Answering) {
    this.#fd = fd;
    this.#loop = loop;
    this.#batch = batch;
    this.#catchUp = catchUp;
    this.#answering = answering;
  }

  ready(): void {
    const batch = this.#batch;
    const count = batch.receive(this.#fd);
    if (count === 0) return;
    this.#catchUp();
    if (this.#isClosed) return;
    for (let slot = 0; slot < count; slot++) {
      this.#slot = slot;
      const length = this.#answering.answer(
        batch.bytes,
        batch.receivedAt(slot),
        batch.receivedLength(slot),
        batch.bytes,
        batch.answerAt(slot),
        this,
      );
      if (length > 0) batch.reply(slot, length);
    }
    batch.flush(this.#fd);
    if (count >= many) this.#loop.rest();
  }

  remember(): Remembered {
    const sender = this.#batch.senderOf(this.#slot);
    const [, , portHigh = 0, portLow = 0, ...address] = sender;
    const ip = address.slice(0, 4).reduce((value, byte) => value * 256 + byte, 0);
    return {
      peer: ip * 65_536 + portHigh * 256 + portLow,
      send: (answer) => {
        if (this.#isClosed) return;
        try {
          sendDatagramTo(this.#fd, Buffer.from(answer.buffer, answer.byteOffset), answer.length, sender);
        } catch (error) {
          // The asker's own doing: it came from port 0, or lets nothing in. Others wait for the same answer.
          if (!isKernelError(error)) throw error;
        }
      },
    };
  }

  /** Its socket is another's from now on. */
  close(): void {
    this.#isClosed = true;
  }
}
