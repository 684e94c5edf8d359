/**
 * What is in the journal, as Docker's events. What Docker has no event for is left out.
 */
import type { NetworkController } from "@causeway/libnetwork";
import type { Containers } from "../containers/contract.ts";
import type { Journal, JournalEntry } from "../events/journal.ts";
import type { EventMessage } from "./answers.ts";
import { imageOf } from "./container-view.ts";

interface Source {
  readonly controller: NetworkController;
  readonly containers: Containers;
  readonly journal: Journal;
}

interface ContainerNames {
  readonly id: string;
  readonly name: string;
}

export class EventView {
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  /** In most cases one, or none. */
  of(entry: JournalEntry): readonly EventMessage[] {
    const { type, subject, attributes } = entry;
    if (this.#isOfGatewayBridge(entry)) return [];
    switch (type) {
      case "network:create":
        return [this.#network(entry, "create", subject)];
      case "network:delete":
        return [this.#network(entry, "destroy", subject)];
      case "network:prune":
        return [event(entry, "network", "prune", "", { reclaimed: attributes.reclaimed ?? "0" })];
      case "endpoint:join":
        return [this.#connection(entry, "connect")];
      case "endpoint:leave":
        return [this.#connection(entry, "disconnect")];
      case "sandbox:create":
        return this.#ofSandbox(entry, ["create", "start"]);
      case "sandbox:lost":
        return this.#ofSandbox(entry, ["die"]);
      case "sandbox:delete":
        return this.#ofSandbox(entry, ["die", "destroy"]);
      default:
        return type.startsWith("container:") ? [this.#container(entry, type.slice("container:".length))] : [];
    }
  }

  /** Docker tells nothing of its own. */
  #isOfGatewayBridge({ type, subject, attributes }: JournalEntry): boolean {
    const id = type.startsWith("network:") ? subject.id : (attributes.network ?? "");
    return this.#source.controller.networkById(id)?.gatewayBridge === true;
  }

  #network(entry: JournalEntry, action: string, { id, name }: JournalEntry["subject"]): EventMessage {
    return event(entry, "network", action, id, { name, type: entry.attributes.type || "null" });
  }

  #connection(entry: JournalEntry, action: string): EventMessage {
    const { network: id = "", sandbox = "" } = entry.attributes;
    const { name, type } = this.#networkOf(id);
    return event(entry, "network", action, id, { container: this.#containerOf(sandbox), name, type });
  }

  /** A sandbox whose process is not ours stands for its container; one of ours has events of its own. */
  #ofSandbox(entry: JournalEntry, actions: readonly string[]): readonly EventMessage[] {
    const { id } = entry.subject;
    const { container: name = entry.subject.name } = entry.attributes;
    if (this.#isOurs(name)) return [];
    const labels = this.#source.controller.sandboxById(id)?.labels ?? {};
    return actions.map((action) => containerEvent(entry, action, { id, name }, { image: "", ...labels }));
  }

  #container(entry: JournalEntry, action: string): EventMessage {
    const there = this.#source.containers.list().find(({ id }) => id === entry.subject.id);
    const image = there === undefined ? "" : imageOf(there);
    return containerEvent(entry, action, entry.subject, { image, ...entry.attributes });
  }

  /** Whether we start the container's process. Its sandbox has the container's id for a name. */
  #isOurs(containerId: string): boolean {
    const { containers } = this.#source;
    return (
      containers.list().some(({ id, kind }) => id === containerId && kind !== "foreign") ||
      this.#remembered().some(
        ({ type, subject }) => type.startsWith("container:") && subject.id === containerId,
      )
    );
  }

  /** Also of a sandbox that is gone, as long as the journal knows of it. */
  #containerOf(sandboxId: string): string {
    const there = this.#source.containers.list().find(({ sandbox }) => sandbox?.id === sandboxId);
    if (there !== undefined) return there.id;
    const told = this.#remembered().find(
      ({ type, subject }) => type.startsWith("sandbox:") && subject.id === sandboxId,
    );
    const name = told?.attributes.container ?? "";
    return this.#isOurs(name) ? name : sandboxId;
  }

  /** Also of a network that is gone, as long as the journal knows of it. */
  #networkOf(id: string): { readonly name: string; readonly type: string } {
    const there = this.#source.controller.networkById(id);
    if (there !== undefined) return { name: there.name, type: there.type };
    const told = this.#remembered().find(
      ({ type, subject }) => (type === "network:create" || type === "network:delete") && subject.id === id,
    );
    return { name: told?.subject.name ?? "", type: told?.attributes.type ?? "" };
  }

  #remembered(): readonly JournalEntry[] {
    return this.#source.journal.remembered({ since: 0 });
  }
}

function containerEvent(
  entry: JournalEntry,
  action: string,
  { id, name }: ContainerNames,
  attributes: Readonly<Record<string, string>> & { readonly image: string },
): EventMessage {
  const told = event(entry, "container", action, id, { ...attributes, name });
  return { status: action, id, from: attributes.image, ...told };
}

function event(
  { time }: JournalEntry,
  Type: string,
  Action: string,
  ID: string,
  Attributes: Readonly<Record<string, string>>,
): EventMessage {
  return {
    Type,
    Action,
    Actor: { ID, Attributes },
    scope: "local",
    time: Math.floor(time / 1000),
    timeNano: time * 1e6,
  };
}
