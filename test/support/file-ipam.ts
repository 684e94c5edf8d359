// The plugin of examples/plugins/file-ipam as a process of its own, with a file of addresses.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { ExamplePlugin } from "./example-plugin.ts";

const addresses = `
# the office
10.77.0.0/24   10.77.0.1    10.77.0.10-10.77.0.12
10.78.0.0/24   10.78.0.254  10.78.0.100-10.78.0.210   # twice as many
10.79.0.0/24   10.79.0.1    10.79.0.10
fd79::/64      fd79::1      fd79::10-fd79::ff fd79:0::2
`;

/** Ended, and its files gone, when the test is over. */
export class FileIpam {
  /** The file of addresses. */
  readonly file: string;
  readonly leases: string;
  readonly socket: string;
  readonly #plugin: ExamplePlugin;

  private constructor(directory: string, socket: string) {
    this.file = join(directory, "addresses.txt");
    this.leases = join(directory, "leases.json");
    this.socket = socket;
    writeFileSync(this.file, addresses);
    this.#plugin = new ExamplePlugin("file-ipam", [this.file, this.leases, this.socket]);
  }

  /** @param socket where it listens; elsewhere than below its own directory it is gone when the plugin has ended */
  static async start(t: TestContext, socket?: string): Promise<FileIpam> {
    const directory = mkdtempSync(join(tmpdir(), "file-ipam-"));
    const plugin = new FileIpam(directory, socket ?? join(directory, "plugins", "file-ipam.sock"));
    t.after(async () => {
      await plugin.end("SIGTERM");
      rmSync(directory, { recursive: true });
    });
    await plugin.#plugin.start();
    return plugin;
  }

  /** The directory of its socket. */
  get sockets(): string {
    return dirname(this.socket);
  }

  /** @returns its exit status, and the signal that ended it; undefined where it has ended before */
  end(signal: NodeJS.Signals): Promise<unknown[] | undefined> {
    return this.#plugin.end(signal);
  }

  async restart(signal: NodeJS.Signals): Promise<void> {
    await this.#plugin.restart(signal);
  }
}
