// Fetches pages, all at the same time, and prints as JSON what came back of each.
//
//   node client.ts MILLISECONDS URL...

import { get } from "node:http";
import { text } from "node:stream/consumers";

const [patience, ...urls] = process.argv.slice(2);

async function fetchPage(url: string): Promise<{ body: string } | { failure: string }> {
  try {
    const signal = AbortSignal.timeout(Number(patience));
    const body = await new Promise<string>((resolve, reject) => {
      get(url, { signal, agent: false }, (response) => text(response).then(resolve, reject)).on(
        "error",
        reject,
      );
    });
    return { body };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { failure: code === "ABORT_ERR" ? `no answer in ${patience} ms` : String(code ?? error) };
  }
}

console.log(JSON.stringify(await Promise.all(urls.map(fetchPage))));
