/**
 * Containers as the APIs see them.
 */
import type { Sandbox } from "@causeway/libnetwork";
import type { Adoption, ContainerCreate, ContainerExec, ContainerNetwork, Launch } from "../api/index.ts";
import type { Caller } from "../server/caller.ts";

export interface ContainerInfo {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  /** `foreign`: a sandbox whose process somebody else starts. */
  readonly kind: "rootfs" | "bundle" | "process" | "foreign";
  /** Of its root directory or bundle. */
  readonly path: string | undefined;
  readonly command: readonly string[];
  readonly created: Date;
  readonly state: "created" | "running" | "exited";
  readonly pid: number | undefined;
  readonly exitCode: number | undefined;
  readonly started: Date | undefined;
  readonly finished: Date | undefined;
  readonly removeWhenEnded: boolean;
  readonly hostname: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined once an ended container has been taken out of its networks. */
  readonly sandbox: Sandbox | undefined;
}

/** Label of a sandbox that we made for a container. One whose container is not recorded is swept at start-up. */
export const containerLabel = "causeway.container";

/** Another of its labels: the container's name. */
export const containerNameLabel = "causeway.container.name";

export interface LogOptions {
  /** Lines from the end. Default: all. */
  readonly tail?: number;
  /** Goes on until the container ends. Default: false. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

export interface Containers {
  /** Every sandbox is a container, whether we started its process or not. */
  list(): readonly ContainerInfo[];
  /**
   * By full id, then name, then unique beginning of an id.
   *
   * @throws ambiguous_id
   */
  find(reference: string): ContainerInfo | undefined;
  /** @throws container_not_found */
  get(reference: string): ContainerInfo;
  create(
    request: ContainerCreate,
    caller: Caller,
  ): Promise<{ container: ContainerInfo; launch: Launch | undefined }>;
  /** Puts it into one more network, running or not yet. */
  connect(reference: string, network: ContainerNetwork): Promise<void>;
  /**
   * By force also what is left in the network, by its name, of a container that is gone.
   *
   * @throws not_connected; container_not_found, by force endpoint_not_found
   */
  disconnect(reference: string, network: string, options: { readonly force?: boolean }): Promise<void>;
  /** What runs a further command in it: the caller starts it. */
  exec(reference: string, request: ContainerExec): Launch;
  /** What it wrote, as it comes while it is followed. */
  logs(reference: string, options: LogOptions): AsyncIterable<Buffer>;
  /** Makes a sandbox of the namespace that somebody else's container has: once more, it is as it was. */
  adopt(containerId: string, adoption: Adoption): Promise<ContainerInfo>;
  /** Nothing is wrong with one that is not there. */
  abandon(containerId: string): Promise<void>;
  stop(reference: string, options: { readonly signal?: string; readonly seconds?: number }): Promise<void>;
  remove(reference: string, options: { readonly force?: boolean }): Promise<void>;
  /** Resolves with the exit code when the container has ended. */
  wait(reference: string, signal?: AbortSignal): Promise<number>;
  /** The daemon is ending: who waits for a container or follows a log is sent away. */
  release(): void;
  close(): Promise<void>;
}
