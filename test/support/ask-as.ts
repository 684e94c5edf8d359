// A request to a unix socket by a process of another user.

import { spawn } from "node:child_process";

export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

export interface Question {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

/** It becomes somebody else by itself, when it has started: not everybody may start what root has installed. */
const program = `
const { request } = require("node:http");
const [socketPath, uid, gid, method, path, body] = process.argv.slice(1);
process.setgroups([]); process.setgid(Number(gid)); process.setuid(Number(uid));
const headers = body === "" ? {} : { "content-type": "application/json" };
const asked = request({ socketPath, method, path, headers, agent: false }, (response) => {
  let text = "";
  response.setEncoding("utf8").on("data", (part) => { text += part; });
  response.on("end", () => process.stdout.write(response.statusCode + " " + text));
});
asked.on("error", ({ code }) => process.stdout.write(code));
asked.end(body);
`;

/** @returns `STATUS BODY`, or the errno of a connection that was not made */
export function askAs(
  socket: string,
  { uid, gid }: Identity,
  { method, path, body }: Question,
): Promise<string> {
  const sent = body === undefined ? "" : JSON.stringify(body);
  const args = ["-e", program, socket, String(uid), String(gid), method, path, sent];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => resolve(text));
  });
}
