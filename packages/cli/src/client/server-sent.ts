/**
 * Server-sent events, read from parts of any size: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */

export interface ServerSent {
  /** Empty where the server gave none. */
  readonly id: string;
  readonly data: string;
}

export async function* readEvents(parts: AsyncIterable<Buffer>): AsyncGenerator<ServerSent> {
  let id = "";
  let data: string[] = [];
  for await (const line of lines(parts)) {
    if (line === "") {
      if (data.length > 0) yield { id, data: data.join("\n") };
      data = [];
    } else {
      // A line that begins with a colon is a comment: the field's name is empty.
      const [, name = "", value = ""] = line.match(/^([^:]*)(?:: ?(.*))?$/) ?? [];
      if (name === "data") data.push(value);
      if (name === "id") id = value;
    }
  }
}

async function* lines(parts: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of parts) {
    const found = `${rest}${decoder.decode(part, { stream: true })}`.split("\n");
    rest = found.pop() ?? "";
    for (const line of found) yield line.endsWith("\r") ? line.slice(0, -1) : line;
  }
}
