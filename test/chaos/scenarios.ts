// What is done while something strikes: each scenario prepares a host and takes one step on it.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { link, NetNamespace, NftContext, Rtnl } from "@causeway/kernel";
import type { Network, NetworkController, Sandbox } from "@causeway/libnetwork";
import type { Site } from "./site.ts";

export interface Scenario {
  readonly name: string;
  /** Before the guard awakes. Everything that a picture would tell from another run's is given: addresses, ports, names. */
  readonly prepare: readonly Step[];
  readonly step: Step;
  /** The step opens the controller; otherwise it runs when the step is taken. */
  readonly opens?: true;
  /** The step closes the controller. */
  readonly closes?: true;
  /** The step damages something and mends it: where it fails, what is damaged or half mended is mended by doing it again. */
  readonly mends?: true;
  /** Other states that a half-done step may rightly end in, each as what is done in its place: a step of several durable writes has some. */
  readonly between?: readonly Step[];
}

export type Step = (site: Site) => unknown;

function network(controller: NetworkController, name: string): Network {
  const found = controller.networkByName(name);
  if (found === undefined) throw new Error(`the network ${name} is not there`);
  return found;
}

function sandbox(controller: NetworkController, name: string): Sandbox {
  const found = controller.sandboxByContainerId(name);
  if (found === undefined) throw new Error(`the sandbox ${name} is not there`);
  return found;
}

function endpoint(controller: NetworkController, networkName: string, name: string) {
  const found = network(controller, networkName).endpointByName(name);
  if (found === undefined) throw new Error(`the endpoint ${name} is not there`);
  return found;
}

const newNetwork =
  (name: string, number: number): Step =>
  ({ controller }) =>
    controller.newNetwork("bridge", name, {
      ipam: { config: [{ subnet: `172.30.${number}.0/24` }, { subnet: `fd00:${number}::/64` }] },
    });

const addresses = (number: number, host: number) => ({
  ipv4: `172.30.${number}.${host}`,
  ipv6: `fd00:${number}::${host}`,
});

const attach =
  (name: string, networkName: string, number: number, host: number, hostPort?: number): Step =>
  ({ controller }) =>
    controller.attach(network(controller, networkName), {
      containerId: name,
      endpoint: {
        ...addresses(number, host),
        ...(hostPort === undefined ? {} : { publish: [{ containerPort: 80, hostPort }] }),
      },
      sandbox: { hostname: name },
    });

const createEndpoint =
  (name: string, networkName: string, number: number, host: number, hostPort?: number): Step =>
  ({ controller }) =>
    network(controller, networkName).createEndpoint(name, {
      ...addresses(number, host),
      ...(hostPort === undefined ? {} : { publish: [{ containerPort: 80, hostPort }] }),
    });

const newSandbox =
  (name: string): Step =>
  ({ controller }) =>
    controller.newSandbox(name, { hostname: name });

const join_ =
  (networkName: string, endpointName: string, sandboxName: string): Step =>
  ({ controller }) =>
    endpoint(controller, networkName, endpointName).join(sandbox(controller, sandboxName));

const leave =
  (networkName: string, endpointName: string, sandboxName: string): Step =>
  ({ controller }) =>
    endpoint(controller, networkName, endpointName).leave(sandbox(controller, sandboxName));

const attachToHost =
  (name: string): Step =>
  ({ controller }) =>
    controller.attach(network(controller, "host"), {
      containerId: name,
      sandbox: { useHostNetwork: true },
    });

const newService: Step = ({ controller }) =>
  network(controller, "n").createService("svc", { ...addresses(1, 200), ports: [{ port: 80 }] });

const attachMember: Step = ({ controller }) =>
  controller.attach(network(controller, "n"), {
    containerId: "late",
    endpoint: { ...addresses(1, 30), service: { name: "svc" } },
    sandbox: { hostname: "late" },
  });

/** Two networks; two sandboxes on the first, of which one publishes a port. */
const usual: readonly Step[] = [
  newNetwork("n", 1),
  newNetwork("m", 2),
  attach("web", "n", 1, 10, 8080),
  attach("client", "n", 1, 11),
];

/** One network, and a sandbox on it that publishes a port. */
const small: readonly Step[] = [newNetwork("n", 1), attach("web", "n", 1, 10, 8080)];

/** As before the first start. */
const forgetEverything: Step = async (site) => {
  await site.controller.uninstall();
  await site.stop();
  for (const path of [site.options.stateDir, site.options.runDir]) rmSync(path, { recursive: true });
};

const keyOf = (site: Site) => join(site.directory, "key");

/** A namespace that somebody else made. */
const makeKey: Step = (site) => {
  using namespace = NetNamespace.create();
  namespace.bindAt(keyOf(site));
};

const bridgeOf = ({ controller }: Site, name: string) => `br-${network(controller, name).id.slice(0, 12)}`;
const hostEndOf = ({ controller }: Site, networkName: string, name: string) =>
  `veth${endpoint(controller, networkName, name).id.slice(0, 11)}`;

/** Somebody else's hand. */
function deleteLink({ namespace }: Site, name: string): void {
  using rtnl = new Rtnl(namespace);
  rtnl.attempt([link.remove({ name })]);
}

function deleteTables({ namespace }: Site): void {
  using context = new NftContext(namespace);
  const families = ["inet", "bridge"];
  context.run(
    families.map((family) => `add table ${family} causeway\ndelete table ${family} causeway\n`).join(""),
  );
}

/** @throws Error where something is left */
async function mend({ controller }: Site): Promise<void> {
  const { left } = await controller.repair();
  if (left.length > 0) throw new Error(`left: ${left.map(({ message }) => message).join("; ")}`);
}

/** Settles all, and throws when one was refused. */
async function together(...work: readonly unknown[]): Promise<void> {
  const failures = (await Promise.allSettled(work)).filter(({ status }) => status === "rejected");
  if (failures.length > 0)
    throw new AggregateError(
      failures.map((failure) => ("reason" in failure ? failure.reason : failure)),
      "some failed",
    );
}

export const scenarios: readonly Scenario[] = [
  {
    name: "open",
    opens: true,
    prepare: [forgetEverything],
    step: (site) => site.start({ defaultNetwork: { subnet: "172.30.9.0/24", subnetIpv6: "fd00:9::/64" } }),
  },
  { name: "reopen", opens: true, prepare: usual, step: (site) => site.start() },
  { name: "new-network", prepare: [newNetwork("m", 2)], step: newNetwork("n", 1) },
  { name: "delete-network", prepare: usual, step: ({ controller }) => network(controller, "m").delete() },
  { name: "create-endpoint", prepare: usual, step: createEndpoint("late", "m", 2, 10, 8081) },
  {
    name: "delete-endpoint",
    prepare: [...usual, createEndpoint("late", "m", 2, 10, 8081)],
    step: ({ controller }) => endpoint(controller, "m", "late").delete(),
  },
  { name: "new-sandbox", prepare: usual, step: newSandbox("box") },
  {
    name: "delete-sandbox",
    prepare: usual,
    step: ({ controller }) => sandbox(controller, "web").delete(),
  },
  {
    name: "join",
    prepare: [...usual, createEndpoint("late", "m", 2, 10, 8081)],
    step: join_("m", "late", "client"),
  },
  {
    name: "leave",
    prepare: [...usual, createEndpoint("late", "m", 2, 10, 8081), join_("m", "late", "client")],
    step: leave("n", "client", "client"),
  },
  // Records are not in the kernel, so no picture tells whether a step was done.
  {
    name: "add-records",
    prepare: usual,
    step: async ({ controller }) => {
      const n = network(controller, "n");
      if (n.records().length === 0)
        await n.addRecords([
          { name: "db", type: "A", address: "192.0.2.1" },
          { name: "site", type: "CNAME", target: "web" },
        ]);
      if (n.records().length !== 2) throw new Error("of two records one is there");
    },
  },
  {
    name: "remove-records",
    prepare: [
      ...usual,
      ({ controller }) => network(controller, "n").addRecords([{ name: "db", type: "TXT", texts: ["x"] }]),
    ],
    step: async ({ controller }) => {
      const n = network(controller, "n");
      if (n.records().length > 0) await n.removeRecords([{ name: "db" }]);
    },
  },
  {
    name: "update-names",
    prepare: usual,
    step: ({ controller }) => endpoint(controller, "n", "web").updateNames({ aliases: ["www"] }),
  },
  {
    name: "disable-service",
    prepare: usual,
    step: ({ controller }) => sandbox(controller, "web").disableService(),
  },
  { name: "new-service", prepare: usual, step: newService },
  {
    name: "delete-service",
    prepare: [...usual, newService],
    step: ({ controller }) => network(controller, "n").serviceByName("svc")?.delete(),
  },
  { name: "attach-member", prepare: [...usual, newService], step: attachMember },
  {
    name: "detach-member",
    prepare: [...usual, newService, attachMember],
    step: ({ controller }) => sandbox(controller, "late").delete({ endpoints: "delete" }),
  },
  {
    name: "set-healthy",
    prepare: [...usual, newService, attachMember],
    step: ({ controller }) => endpoint(controller, "n", "late").setHealthy(false),
  },
  {
    name: "extra-hosts",
    prepare: usual,
    step: ({ controller }) =>
      sandbox(controller, "web").setExtraHosts([{ name: "gate", address: "192.0.2.9" }]),
  },
  { name: "attach", prepare: usual, step: attach("late", "m", 2, 10, 8081) },
  {
    name: "detach",
    prepare: usual,
    step: ({ controller }) => sandbox(controller, "web").delete({ endpoints: "delete" }),
  },
  {
    name: "publish",
    prepare: usual,
    step: ({ controller }) =>
      endpoint(controller, "n", "client").publish([
        { containerPort: 80, hostPort: 8081 },
        { containerPort: 53, hostPort: 5300, protocol: "udp" },
      ]),
  },
  {
    name: "unpublish",
    prepare: usual,
    step: ({ controller }) => endpoint(controller, "n", "web").unpublish([{ containerPort: 80 }]),
  },
  {
    name: "set-key",
    prepare: [
      ...usual,
      makeKey,
      ({ controller }) => controller.newSandbox("box", { externalKey: true }),
      createEndpoint("late", "m", 2, 10, 8081),
      join_("m", "late", "box"),
    ],
    step: (site) => sandbox(site.controller, "box").setKey(keyOf(site)),
  },
  {
    name: "share",
    prepare: usual,
    step: ({ controller }) => controller.newSandbox("guest", { shareWith: "web" }),
  },
  {
    name: "release",
    prepare: [...usual, ({ controller }) => controller.newSandbox("guest", { shareWith: "web" })],
    step: ({ controller }) => sandbox(controller, "web").delete(),
  },
  {
    name: "delete-guest",
    prepare: [
      ...usual,
      ({ controller }) => controller.newSandbox("guest", { shareWith: "web" }),
      ({ controller }) => sandbox(controller, "web").delete(),
    ],
    step: ({ controller }) => sandbox(controller, "guest").delete({ endpoints: "delete" }),
  },
  { name: "rename", prepare: usual, step: ({ controller }) => sandbox(controller, "web").rename("renamed") },
  {
    name: "refresh",
    prepare: usual,
    step: ({ controller }) => sandbox(controller, "client").refresh({ hostname: "other" }),
    between: [
      leave("n", "client", "client"),
      async (site) => {
        await leave("n", "client", "client")(site);
        await sandbox(site.controller, "client").refresh({ hostname: "other" });
      },
    ],
  },
  {
    name: "host-network",
    // The first of all makes the host's place in the run directory, which stays.
    prepare: [...usual, attachToHost("early"), ({ controller }) => sandbox(controller, "early").delete()],
    step: attachToHost("late"),
  },
  {
    name: "concurrent-attaches",
    prepare: usual,
    step: (site) => together(attach("a", "n", 1, 20, 8081)(site), attach("b", "m", 2, 20, 8082)(site)),
    between: [attach("a", "n", 1, 20, 8081), attach("b", "m", 2, 20, 8082)],
  },
  {
    name: "concurrent-leave-and-attach",
    prepare: usual,
    step: (site) =>
      together(
        sandbox(site.controller, "web").delete({ endpoints: "delete" }),
        attach("b", "n", 1, 20, 8082)(site),
      ),
    between: [
      ({ controller }) => sandbox(controller, "web").delete({ endpoints: "delete" }),
      attach("b", "n", 1, 20, 8082),
    ],
  },
  {
    name: "repair-bridge",
    mends: true,
    prepare: small,
    step: async (site) => {
      deleteLink(site, bridgeOf(site, "n"));
      await mend(site);
    },
  },
  {
    name: "repair-pair",
    mends: true,
    prepare: small,
    step: async (site) => {
      deleteLink(site, hostEndOf(site, "n", "web"));
      await mend(site);
    },
  },
  {
    name: "repair-firewall",
    mends: true,
    prepare: small,
    step: async (site) => {
      deleteTables(site);
      await mend(site);
    },
  },
  {
    name: "reopen-damaged",
    opens: true,
    prepare: [
      ...small,
      (site) => {
        deleteLink(site, hostEndOf(site, "n", "web"));
        deleteTables(site);
      },
    ],
    step: (site) => site.start(),
  },
  {
    name: "backup",
    prepare: usual,
    step: (site) => site.controller.backup(join(site.directory, "backup"), { overwrite: true }),
  },
  {
    name: "uninstall",
    prepare: [],
    closes: true,
    step: async (site) => {
      await site.controller.uninstall();
      await site.stop();
    },
  },
];

export function scenarioNamed(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  throw new Error(`there is no scenario "${name}": ${scenarios.map((scenario) => scenario.name).join(", ")}`);
}
