// Docker's own clients, pointed at our daemon: a script of commands is told the same as by Docker's own daemon, but for what is listed; and
// what needs a newer Docker than Debian's is held against the kernel.

import assert from "node:assert/strict";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { type Difference, differences } from "./docker-client/differences.ts";
import { type Played, play } from "./docker-client/play.ts";
import { script } from "./docker-client/script.ts";
import { TestDaemon } from "./support/daemon.ts";
import { needsPeer } from "./support/peers.ts";

/** Debian's, and a newer one where it is installed beside it. */
const clients = [
  ...new Set(
    ["/usr/bin/docker", "/usr/local/bin/docker"]
      .filter((path) => existsSync(path))
      .map((path) => realpathSync(path)),
  ),
];

const page = new URL("../docs/docker-compatibility.md", import.meta.url);

const listed = new Map<string, Difference>(
  Object.values(differences).flatMap((difference) => difference.commands.map((run) => [run, difference])),
);

function exitOf(output: string): string | undefined {
  return /^exit -?\d+$/m.exec(output)?.[0];
}

/** What is wrong: a difference that is listed is there, and is no other than the one that is listed. */
function problemOf({ run, ours, theirs }: Played): string | undefined {
  const told = `docker ${run}\n--- by us: ${ours}\n--- by Docker: ${theirs}\n`;
  const difference = listed.get(run);
  if (difference === undefined) return ours === theirs ? undefined : `differs, and is not listed: ${told}`;
  if (ours === theirs) return `is listed, and does not differ any more: ${told}`;
  const { lift, exitDiffers } = difference;
  if (exitDiffers !== true && exitOf(ours) !== exitOf(theirs)) return `differs in its exit code: ${told}`;
  if (lift !== undefined && lift(ours) !== lift(theirs)) return `differs in more than is listed: ${told}`;
  return undefined;
}

async function playAll(t: TestContext, program: string): Promise<void> {
  const daemon = await TestDaemon.start(t, { controller: { defaultNetwork: {} } });
  const played = await play(program, daemon);
  const problems = played.map(problemOf).filter((problem) => problem !== undefined);
  assert.equal(problems.join("\n"), "");
}

describe("Docker's clients", { skip: needsPeer("docker", "dockerd", "busybox") }, () => {
  for (const program of clients) {
    test(`${program} is told what Docker's own daemon tells it, but for what is listed`, (t) =>
      playAll(t, program));
  }
});

test("the script has no command twice, and a difference is one of a command that is in it, listed once", () => {
  const runs = script.map(({ run }) => run);
  assert.ok(runs.length >= 60);
  const all = Object.values(differences).flatMap(({ commands }) => commands);
  assert.equal(new Set(all).size, all.length);
  assert.deepEqual(
    all.filter((run) => runs.filter((one) => one === run).length !== 1),
    [],
  );
});

test("docs/docker-compatibility.md lists the same differences, and justifies each", () => {
  const [, part = ""] = readFileSync(page, "utf8").split("\n## Differences from Docker 20.10\n");
  const sections = part.split("\n### ").slice(1);
  const written = sections.map((section) => {
    const [title = "", ...lines] = section.split("\n");
    const reason = /^`([\w-]+)`/.exec(title)?.[1] ?? title;
    const commands = lines.flatMap((line) => /^- `docker (.*)`$/.exec(line)?.[1] ?? []);
    const prose = lines.filter((line) => !line.startsWith("- ")).join(" ");
    assert.match(prose, /\w+ \w+ \w+ \w+ \w+/, `${reason}: there is no justification`);
    return [reason, commands.sort()];
  });
  const wanted = Object.entries(differences).map(([reason, { commands }]) => [reason, [...commands].sort()]);
  assert.deepEqual(Object.fromEntries(written), Object.fromEntries(wanted));
});
