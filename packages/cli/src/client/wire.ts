/**
 * As much of HTTP/1.1 (RFC 9112) as one request and its answer on a connection of their own need. In place of node:http, whose
 * loading alone takes half of the time that a command may take (ADR 0016).
 */

export interface Head {
  readonly status: number;
  /** Names in small letters; of several with one name, the last. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface Response extends Head {
  /** The body as it comes, decoded. Leaving the loop early ends the connection. */
  readonly body: AsyncIterable<Buffer>;
}

/** An answer that is no HTTP, or one that ends too early. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/** The text of a request that asks for the connection to end with its answer. */
export function requestText(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: string | undefined,
): string {
  const all = {
    host: "causeway",
    connection: "close",
    ...headers,
    ...(body !== undefined && { "content-length": String(Buffer.byteLength(body)) }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n${body ?? ""}`;
}

/** Reads the head; the body is read as it is asked for. */
export async function readResponse(parts: AsyncIterable<Buffer>): Promise<Response> {
  const source = new Source(parts);
  let head = parseHead(await source.through("\r\n\r\n"));
  // Interim answers (100 Continue ...) come before the one that counts.
  while (head.status < 200) head = parseHead(await source.through("\r\n\r\n"));
  return { ...head, body: bodyOf(head, source) };
}

function parseHead(text: string): Head {
  const [first = "", ...lines] = text.split("\r\n");
  const [, status] = first.match(/^HTTP\/1\.[01] (\d{3})(?: |$)/) ?? [];
  if (status === undefined)
    throw new WireError(`what answers speaks no HTTP: ${JSON.stringify(first.slice(0, 60))}`);
  const pairs = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(status), headers: new Map(pairs) };
}

async function* bodyOf({ status, headers }: Head, source: Source): AsyncGenerator<Buffer> {
  try {
    if (status === 204 || status === 304) return;
    const length = headers.get("content-length");
    if (headers.get("transfer-encoding")?.toLowerCase() === "chunked") yield* chunks(source);
    else if (length !== undefined) yield* source.exactly(Number(length));
    else yield* source.rest();
  } finally {
    await source.close();
  }
}

async function* chunks(source: Source): AsyncGenerator<Buffer> {
  for (;;) {
    const line = await source.through("\r\n");
    const size = Number.parseInt(line, 16);
    if (Number.isNaN(size)) throw new WireError(`a chunk's size is ${JSON.stringify(line.slice(0, 20))}`);
    // The trailer behind the last chunk says nothing that we ask for.
    if (size === 0) return;
    yield* source.exactly(size);
    await source.through("\r\n");
  }
}

/** Bytes that come in parts of any size. */
class Source {
  readonly #parts: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(parts: AsyncIterable<Buffer>) {
    this.#parts = parts[Symbol.asyncIterator]();
  }

  /** What comes before the mark, which is taken away too. */
  async through(mark: string): Promise<string> {
    for (;;) {
      const at = this.#held.indexOf(mark);
      if (at >= 0) {
        const text = this.#held.toString("latin1", 0, at);
        this.#held = this.#held.subarray(at + mark.length);
        return text;
      }
      if (!(await this.#more())) throw new WireError("the answer ended too early");
    }
  }

  async *exactly(length: number): AsyncGenerator<Buffer> {
    let missing = length;
    while (missing > 0) {
      if (this.#held.length === 0 && !(await this.#more())) throw new WireError("the answer ended too early");
      const part = this.#held.subarray(0, missing);
      this.#held = this.#held.subarray(part.length);
      missing -= part.length;
      yield part;
    }
  }

  async *rest(): AsyncGenerator<Buffer> {
    do {
      const part = this.#held;
      this.#held = Buffer.alloc(0);
      if (part.length > 0) yield part;
    } while (await this.#more());
  }

  async close(): Promise<void> {
    await this.#parts.return?.();
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#parts.next();
    if (done === true) return false;
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
    return true;
  }
}
