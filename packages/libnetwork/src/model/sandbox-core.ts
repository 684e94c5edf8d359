/**
 * SandboxCore: a sandbox as the model works with it. Its `handle` is the Sandbox that users hold, one for its whole life.
 */
import type { NamespacePlace, RoutingPlan } from "../contracts/netstack.ts";
import { notFound } from "../errors.ts";
import { Sandbox } from "../sandbox.ts";
import type { EndpointCore } from "./endpoint-core.ts";
import type { Engine } from "./engine.ts";
import type { SandboxRecord } from "./records.ts";

export class SandboxCore {
  readonly engine: Engine;
  /** What is stored of it, or about to be. Never changed itself: another takes its place. */
  record: SandboxRecord;
  /** Endpoints in its own stack, in the order of their joining. */
  readonly joined = new Set<EndpointCore>();
  /** Sandboxes of other containers that share this one's stack. */
  sharers: readonly SandboxCore[] = [];
  /** Interfaces that have left and are still to be seen in the namespace. */
  leftInterfaces: readonly string[] = [];
  /** What the namespace's routes were made by; undefined before the first. */
  routing: RoutingPlan | undefined;
  /** Ways out whose drivers were told that they are, with what they were told: model/gateway/external-connectivity.ts. */
  programmed = new Map<EndpointCore, string>();
  /** The gateways that were last told of. */
  announcedGateways = " ";
  readonly handle: Sandbox;
  /** The resolver answers its questions, or is about to. */
  answered = false;
  /** Its own namespace is gone: model/lost.ts. */
  stackLost = false;
  deleted = false;

  constructor(engine: Engine, record: SandboxRecord) {
    this.engine = engine;
    this.record = record;
    const { owner } = this;
    if (owner !== undefined) owner.sharers = [...owner.sharers, this];
    this.handle = new Sandbox(this);
  }

  get id(): string {
    return this.record.id;
  }

  /** The container's id. */
  get name(): string {
    return this.record.containerId;
  }

  /** The sandbox whose stack it shares; undefined where it has one of its own. */
  get owner(): SandboxCore | undefined {
    const { sharedWith } = this.record;
    return sharedWith === undefined ? undefined : this.engine.sandboxes.byId(sharedWith);
  }

  /** The sandbox that has the stack: itself, unless it shares another's. */
  get stack(): SandboxCore {
    return this.owner ?? this;
  }

  /** The namespace that it lives in is gone, and it can only be deleted. */
  get lost(): boolean {
    return this.stack.stackLost;
  }

  /** Undefined while somebody else is still to make it. */
  get namespace(): NamespacePlace | undefined {
    return this.stack.record.namespace;
  }

  /** In the order of their joining. */
  endpoints(): readonly EndpointCore[] {
    return [...this.stack.joined];
  }

  /** The endpoint that traffic to elsewhere leaves by. */
  gateway(family: 4 | 6): EndpointCore | undefined {
    const { routing } = this.stack;
    const id = family === 4 ? routing?.gatewayEndpointIpv4 : routing?.gatewayEndpointIpv6;
    return id === undefined ? undefined : this.engine.endpoints.get(id);
  }

  /** @throws sandbox_deleted */
  assertUsable(): void {
    if (this.deleted)
      throw notFound("sandbox_deleted", `the sandbox of container "${this.name}" was deleted`);
  }
}
