// Our driver and our IPAM, served as a plugin, held against the protocol: every clause, with kills in between.

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { NetNamespace, unbindNamespace } from "@causeway/kernel";
import { checkPlugin, reportText } from "@causeway/plugin-sdk";
import { checkLeaks } from "../support/leak-check.ts";
import { linkNames } from "../support/plugin-caller.ts";
import { ServedPlugin } from "../support/served-plugin.ts";

describe("our own plugin", () => {
  const { directory } = checkLeaks();

  it("keeps the protocol, remembers after a kill, and leaves nothing", async (t) => {
    const hostNamespace = join(directory, "host");
    const namespace = NetNamespace.create();
    namespace.bindAt(hostNamespace);
    t.after(() => {
      namespace[Symbol.dispose]();
      unbindNamespace(hostNamespace);
    });
    const socket = join(directory, "plugin.sock");
    const stateDir = join(directory, "state");
    const plugin = await ServedPlugin.start(t, { name: "checked", stateDir, hostNamespace, socket });
    const report = await checkPlugin(
      { kind: "unix", path: socket },
      { restart: () => plugin.restart("SIGKILL") },
    );
    const of = (wanted: string) =>
      report.clauses.filter(({ outcome }) => outcome === wanted).map(({ id }) => id);
    assert.deepEqual(of("broken"), [], reportText(report));
    assert.deepEqual(report.left, []);
    assert.deepEqual(
      of("skipped").filter((id) => id.startsWith("restart.") || id.startsWith("request.")),
      [],
      reportText(report, { all: true }),
    );
    assert.deepEqual(linkNames(namespace), ["lo"]);
    assert.deepEqual(await plugin.end("SIGTERM"), [0, null]);
  });
});
