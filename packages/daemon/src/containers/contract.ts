/**
 * Containers as the APIs see them.
 */
import type { Sandbox } from "@causeway/libnetwork";
import type { ContainerCreate, ContainerCreated, Launch } from "../api/index.ts";
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
  stop(reference: string, options: { readonly signal?: string; readonly seconds?: number }): Promise<void>;
  remove(reference: string, options: { readonly force?: boolean }): Promise<void>;
  /** Resolves with the exit code when the container has ended. */
  wait(reference: string, signal?: AbortSignal): Promise<number>;
  close(): Promise<void>;
}

export type { ContainerCreated };
