// TCP: with a certificate of ours on both sides, or not at all.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { TestDaemon } from "../support/daemon.ts";

const file = (name: string) => join(import.meta.dirname, "certificates", name);

/** A port of loopback that nobody has at the moment. */
async function freePort(): Promise<number> {
  const { createServer } = await import("node:net");
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

async function start(t: Parameters<typeof TestDaemon.start>[0], trusted?: boolean) {
  const port = await freePort();
  const tcp = {
    host: "127.0.0.1",
    port,
    ca: file("authority.pem"),
    certificate: file("daemon.pem"),
    key: file("daemon.key"),
    ...(trusted !== undefined && { trusted }),
  };
  return { daemon: await TestDaemon.start(t, { daemon: { tcp } }), port };
}

/** @returns `STATUS BODY`; rejects where there is no answer */
function ask(
  port: number,
  certificate: string | undefined,
  method: string,
  path: string,
  body?: unknown,
): Promise<string> {
  const shown =
    certificate === undefined
      ? {}
      : { cert: readFileSync(file(`${certificate}.pem`)), key: readFileSync(file(`${certificate}.key`)) };
  return new Promise((resolve, reject) => {
    const asked = request({
      host: "127.0.0.1",
      port,
      method,
      path: `/cnm/v1${path}`,
      ca: readFileSync(file("authority.pem")),
      ...shown,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      agent: false,
    });
    asked.on("error", reject);
    asked.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("error", reject);
      response.on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve(`${response.statusCode} ${text}`));
    });
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

test("a certificate that the authority has signed is answered; none, or a stranger's, or no TLS is not", async (t) => {
  const { port } = await start(t);
  assert.match(await ask(port, "client", "GET", "/networks"), /^200 /);
  await assert.rejects(ask(port, undefined, "GET", "/networks"));
  await assert.rejects(ask(port, "stranger", "GET", "/networks"));
  const plain = await new Promise<string>((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () =>
      socket.write("GET /cnm/v1/networks HTTP/1.1\r\nHost: x\r\n\r\n"),
    );
    socket.on("data", (part) => {
      text += part.toString("latin1");
    });
    socket.on("error", () => undefined).on("close", () => resolve(text));
  });
  assert.doesNotMatch(plain, /HTTP\/1.1/);
});

test("its clients are not trusted, unless the configuration says so", async (t) => {
  const body = { containerId: "c", useHostNetwork: true };
  const { port } = await start(t);
  const refused = await ask(port, "client", "POST", "/sandboxes", body);
  assert.match(refused, /^403 .*caller_not_trusted.*operator/);
  assert.match(await ask(port, "client", "POST", "/sandboxes", { containerId: "c" }), /^201 /);
});

test("its clients are trusted where the configuration says so", async (t) => {
  const { port } = await start(t, true);
  const body = { containerId: "c", useHostNetwork: true };
  assert.match(await ask(port, "client", "POST", "/sandboxes", body), /^201 /);
});
