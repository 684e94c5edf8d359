/**
 * A connection to nf_tables in one namespace, in nft's own language (nft(8)).
 *
 * Keep a context open: making one costs a socket, and closing one after a deletion waits about 15 ms for the kernel; `closeAside` does not wait. A command
 * that is refused is tried twice over, to be explained: 30 ms where there are many rules.
 */
import { files } from "../sys/files.ts";
import { libc } from "../sys/libc.ts";
import {
  freeNft,
  freeNftAside,
  libnftables,
  NFT_CTX_OUTPUT_JSON,
  NFT_CTX_OUTPUT_NUMERIC_PRIO,
  NFT_CTX_OUTPUT_TERSE,
  type NftHandle,
  type OpenNft,
  openNft,
  withDescriptorForNft,
} from "../sys/libnftables.ts";
import type { NetNamespace } from "../sys/namespace.ts";
import { cross } from "../sys/seam.ts";
import { type NftError, readComplaint, refused } from "./errors.ts";

/** An object of a JSON listing, libnftables-json(5): `{"chain": {"family": "inet", ...}}`. */
export type NftObject = Readonly<Record<string, NftProperties>>;
export type NftProperties = Readonly<Record<string, unknown>>;

export interface NftListOptions {
  /** Leave out the elements of sets and maps. Default: false. */
  readonly terse?: boolean;
}

export class NftContext implements Disposable {
  #open: OpenNft | undefined;

  /**
   * @param namespace where its socket lives; default: the calling thread's
   * @throws UnsupportedFeatureError where libnftables is not installed
   * @throws KernelError EMFILE where no descriptor below 1,024 is left, which libnftables cannot do without
   */
  constructor(namespace?: NetNamespace) {
    this.#open = namespace === undefined ? openNft() : namespace.run(openNft);
  }

  /**
   * Runs commands, one a line, as one transaction: all of them hold afterwards or, on an exception, none.
   *
   * @returns what they print (listings), as nft prints it
   * @throws NftError with the kernel's words and the failing command
   */
  run(commands: string, options: NftListOptions = {}): string {
    return this.#run(commands, 0, options);
  }

  /**
   * What `nft --json list <what>` answers with, without the leading metainfo object.
   *
   * @param what such as `tables`, `table inet causeway`, `ruleset`
   * @throws NftError with the code `ENOENT` where it is not there
   */
  list(what: string, options: NftListOptions = {}): readonly NftObject[] {
    const printed = this.#run(`list ${what}`, NFT_CTX_OUTPUT_JSON, options);
    const listing = JSON.parse(printed) as { readonly nftables: readonly NftObject[] };
    return listing.nftables.filter((object) => !("metainfo" in object));
  }

  #run(commands: string, format: number, { terse = false }: NftListOptions): string {
    const handle = this.#handle;
    const lib = libnftables();
    lib.setOutputFlags(handle, format | NFT_CTX_OUTPUT_NUMERIC_PRIO | (terse ? NFT_CTX_OUTPUT_TERSE : 0));
    const [command = ""] = commands.split("\n", 1);
    return cross(
      { kind: "nftables", operation: "transaction", subject: command },
      () => {
        if (withDescriptorForNft(() => lib.runBuffer(handle, commands)) !== 0)
          throw this.#diagnose(commands, lib.error(handle));
        return lib.output(handle);
      },
      (fault) => {
        throw refused(fault, command);
      },
    );
  }

  /**
   * libnftables tells the failing line of a file, but not of a buffer: what was refused is tried once more as a (nameless)
   * file, dry, so that nothing is changed should it pass this time.
   */
  #diagnose(commands: string, printed: string): NftError {
    const handle = this.#handle;
    const lib = libnftables();
    const file = libc.memfd_create("nftables", 1 /* MFD_CLOEXEC */);
    // Without a descriptor the refusal is told all the same, without its line.
    if (file < 0) return readComplaint(printed, commands);
    lib.setDryRun(handle, true);
    try {
      files.writeFileSync(file, commands);
      const again = withDescriptorForNft(() => lib.runFile(handle, `/proc/self/fd/${file}`));
      return readComplaint(again === 0 ? printed : lib.error(handle), commands);
    } finally {
      lib.setDryRun(handle, false);
      files.closeSync(file);
    }
  }

  get #handle(): NftHandle {
    if (this.#open === undefined) throw new Error("this nftables context was closed");
    return this.#open.handle;
  }

  /** Closes it, and returns when the kernel has done with it: nothing else waits for that meanwhile. */
  async closeAside(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) await freeNftAside(open);
  }

  [Symbol.dispose](): void {
    if (this.#open === undefined) return;
    freeNft(this.#open);
    this.#open = undefined;
  }
}
