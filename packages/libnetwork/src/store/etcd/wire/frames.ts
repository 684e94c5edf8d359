/**
 * gRPC's frames within the body of a request or an answer: a byte that says whether the message is compressed, its length, itself.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
import { CallFailure, status } from "./status.ts";

const headerSize = 5;

export function frame(message: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(headerSize + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  message.copy(framed, headerSize);
  return framed;
}

/** Puts messages together of the pieces in which they come. */
export class FrameReader {
  #pieces: Buffer[] = [];
  #size = 0;
  /** With its header; 0: not known yet. */
  #wanted = 0;

  /** The messages that are whole with this piece. @throws CallFailure for a compressed one, which nobody asked for */
  push(piece: Buffer): Buffer[] {
    this.#pieces.push(piece);
    this.#size += piece.length;
    const messages: Buffer[] = [];
    for (;;) {
      if (this.#wanted === 0 && this.#size >= headerSize) this.#readHeader();
      if (this.#wanted === 0 || this.#size < this.#wanted) return messages;
      const all = this.#joined();
      messages.push(all.subarray(headerSize, this.#wanted));
      const rest = all.subarray(this.#wanted);
      this.#pieces = [rest];
      this.#size = rest.length;
      this.#wanted = 0;
    }
  }

  #readHeader(): void {
    const all = this.#joined();
    if (all[0] !== 0) throw new CallFailure(status.internal, "the server sent a compressed message");
    this.#wanted = headerSize + all.readUInt32BE(1);
  }

  #joined(): Buffer {
    const [first = Buffer.alloc(0), ...others] = this.#pieces;
    const all = others.length === 0 ? first : Buffer.concat(this.#pieces);
    this.#pieces = [all];
    return all;
  }
}
