// Sandboxes: made, shared, given a namespace, renamed, refreshed and deleted.

import fc from "fast-check";
import { byKey, hasNamespace, type Model, type ModelSandbox, networkOf } from "../model.ts";
import { type Command, pick } from "./command.ts";
import { removeEndpoint } from "./endpoints.ts";
import { interfaceNameFor } from "./joining.ts";
import { containers } from "./names.ts";

interface NewSandbox {
  readonly key: number;
  readonly name: string;
  readonly stack: ModelSandbox["stack"];
  readonly owner?: number | undefined;
  readonly hostname?: string | undefined;
}

const drawnHostname = fc.constantFrom(undefined, "web", "db");

const newSandbox: Command<Omit<NewSandbox, "key">, NewSandbox, true> = {
  draw: fc.record({
    name: fc.constantFrom(...containers),
    stack: fc.constantFrom("own", "own", "own", "host", "outer", "shared"),
    owner: fc.nat(),
    hostname: drawnHostname,
  }),
  aim({ owner = 0, stack, ...draw }, { sandboxes }, newKey) {
    if (stack !== "shared") return { key: newKey(), stack, ...draw };
    const shared = pick(sandboxes, owner);
    return shared && { key: newKey(), stack, owner: shared.key, ...draw };
  },
  refusal({ sandboxes }, { name, owner: key }) {
    if (sandboxes.some((sandbox) => sandbox.name === name)) return "sandbox_exists";
    if (key === undefined) return undefined;
    const owner = byKey(sandboxes, key);
    if (owner === undefined) return "container_not_found";
    if (owner.stack === "shared") return "sandbox_shared";
    return owner.released ? "container_not_running" : undefined;
  },
  apply({ sandboxes }, wish) {
    sandboxes.push({ ...wish, released: false, joined: [] });
  },
  async perform(hands, { key, name, stack, owner, hostname }) {
    const sandbox = await hands.controller.newSandbox(name, {
      ...(hostname === undefined ? {} : { hostname }),
      ...(stack === "host" ? { useHostNetwork: true } : {}),
      ...(stack === "outer" ? { externalKey: true } : {}),
      ...(owner === undefined ? {} : { shareWith: hands.sandbox(owner).id }),
    });
    hands.hold(key, sandbox);
    return true;
  },
  recover: ({ controller }, { name }) =>
    controller.sandboxByContainerId(name) === undefined ? undefined : true,
};

interface DeleteSandbox {
  readonly sandbox: number;
  readonly endpoints: "keep" | "delete";
}

const deleteSandbox: Command<{ at: number; endpoints: "keep" | "delete" }, DeleteSandbox, void> = {
  draw: fc.record({ at: fc.nat(), endpoints: fc.constantFrom("keep", "delete") }),
  aim({ at, endpoints }, { sandboxes }) {
    const sandbox = pick(sandboxes, at);
    return sandbox && { sandbox: sandbox.key, endpoints };
  },
  refusal: ({ sandboxes }, { sandbox }) =>
    byKey(sandboxes, sandbox) === undefined ? "sandbox_deleted" : undefined,
  apply(model, { sandbox: key, endpoints }) {
    const sandbox = byKey(model.sandboxes, key);
    if (sandbox === undefined) return;
    if (model.sandboxes.some(({ owner }) => owner === key)) {
      sandbox.released = true;
      return;
    }
    drop(model, sandbox, endpoints);
    const owner = sandbox.owner === undefined ? undefined : byKey(model.sandboxes, sandbox.owner);
    const isAbandoned = owner?.released === true && !model.sandboxes.some((one) => one.owner === owner.key);
    if (owner !== undefined && isAbandoned) drop(model, owner, endpoints);
  },
  perform: (hands, { sandbox, endpoints }) => hands.sandbox(sandbox).delete({ endpoints }),
};

function drop(model: Model, { key: gone, joined }: ModelSandbox, endpoints: "keep" | "delete"): void {
  if (endpoints === "delete") for (const { endpoint } of [...joined]) removeEndpoint(model, endpoint);
  model.sandboxes = model.sandboxes.filter(({ key }) => key !== gone);
}

interface SetKey {
  readonly sandbox: number;
  readonly outer: number;
}

const setKey: Command<{ at: number; outer: number }, SetKey, void> = {
  draw: fc.record({ at: fc.nat(), outer: fc.constantFrom(0, 1) }),
  aim({ at, outer }, { sandboxes }) {
    const waiting = sandboxes.filter((sandbox) => sandbox.stack === "outer" && !hasNamespace(sandbox));
    const sandbox = at % 4 === 0 ? pick(sandboxes, at) : pick(waiting, at);
    return sandbox && { sandbox: sandbox.key, outer };
  },
  refusal(model, { sandbox: key, outer }) {
    const sandbox = byKey(model.sandboxes, key);
    if (sandbox === undefined) return "sandbox_deleted";
    if (sandbox.stack === "shared") return "sandbox_shared";
    if (hasNamespace(sandbox)) return "sandbox_has_key";
    if (model.sandboxes.some((other) => other.outer === outer)) return "namespace_in_use";
    const names = sandbox.joined
      .map(({ endpoint }) => byKey(model.endpoints, endpoint))
      .filter((endpoint) => endpoint !== undefined && networkOf(model, endpoint).type === "bridge")
      .map((endpoint) => endpoint?.interfaceName)
      .filter((name) => name !== undefined);
    return new Set(names).size < names.length ? "interface_name_in_use" : undefined;
  },
  apply(model, { sandbox: key, outer }) {
    const sandbox = byKey(model.sandboxes, key);
    if (sandbox === undefined) return;
    sandbox.outer = outer;
    renumber(model, sandbox);
  },
  perform: (hands, { sandbox, outer }) => hands.sandbox(sandbox).setKey(hands.outer[outer] ?? ""),
};

/** Every endpoint leaves and joins again, one after the other. */
function renumber(model: Model, sandbox: ModelSandbox): void {
  for (const { endpoint: key } of [...sandbox.joined]) {
    const endpoint = byKey(model.endpoints, key);
    if (endpoint === undefined) continue;
    sandbox.joined = sandbox.joined.filter((one) => one.endpoint !== key);
    const name = interfaceNameFor(model, sandbox, endpoint);
    sandbox.joined.push({ endpoint: key, interface: name });
  }
}

interface Rename {
  readonly sandbox: number;
  readonly name: string;
}

const rename: Command<{ at: number; name: string }, Rename, void> = {
  draw: fc.record({ at: fc.nat(), name: fc.constantFrom(...containers) }),
  aim({ at, name }, { sandboxes }) {
    const sandbox = pick(sandboxes, at);
    return sandbox && { sandbox: sandbox.key, name };
  },
  refusal({ sandboxes }, { sandbox, name }) {
    if (byKey(sandboxes, sandbox) === undefined) return "sandbox_deleted";
    return sandboxes.some((other) => other.name === name) ? "sandbox_exists" : undefined;
  },
  apply({ sandboxes }, { sandbox: key, name }) {
    const sandbox = byKey(sandboxes, key);
    if (sandbox !== undefined) sandbox.name = name;
  },
  perform: (hands, { sandbox, name }) => hands.sandbox(sandbox).rename(name),
};

interface Refresh {
  readonly sandbox: number;
  readonly hostname?: string | undefined;
}

const refresh: Command<{ at: number; hostname?: string | undefined }, Refresh, void> = {
  draw: fc.record({ at: fc.nat(), hostname: drawnHostname }),
  aim({ at, hostname }, { sandboxes }) {
    const sandbox = pick(sandboxes, at);
    return sandbox && { sandbox: sandbox.key, hostname };
  },
  refusal({ sandboxes }, { sandbox: key }) {
    const sandbox = byKey(sandboxes, key);
    if (sandbox === undefined) return "sandbox_deleted";
    return sandbox.stack === "shared" ? "sandbox_shared" : undefined;
  },
  apply(model, { sandbox: key, hostname }) {
    const sandbox = byKey(model.sandboxes, key);
    if (sandbox === undefined) return;
    if (hostname !== undefined) sandbox.hostname = hostname;
    renumber(model, sandbox);
  },
  perform: (hands, { sandbox, hostname }) =>
    hands.sandbox(sandbox).refresh(hostname === undefined ? {} : { hostname }),
};

export const sandboxCommands = { newSandbox, deleteSandbox, setKey, rename, refresh };
