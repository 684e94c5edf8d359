/**
 * A sandbox: its namespace, the routes in it, its files, and the answers to its questions.
 */
import { parseCidr } from "../../address/cidr.ts";
import type { PortMapping } from "../../contracts/driver.ts";
import type { HealthItem, SubjectOf } from "../../contracts/health.ts";
import type { NamespacePlace, PlannedRoute } from "../../contracts/netstack.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import { settleGateway } from "../gateway/review.ts";
import { gatewayEndpointOf, needsGateway, portsToNowhere, unneededGateway } from "../gateway/way-out.ts";
import { markLost } from "../lost.ts";
import { hostFileContent } from "../names/host-files.ts";
import { answerAgain, obstacleToNames } from "../names/sandbox-resolver.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import { balance, obstacleToServices } from "../services/balancing.ts";
import { inspectIngress, mendIngress } from "./ingress-health.ts";
import { ailments } from "./interface-state.ts";
import { notRestoredItem } from "./not-restored.ts";
import { compareRouting, type RoutingDifference, staticRoutes } from "./routing-difference.ts";
import type { SubjectHealth } from "./subject-health.ts";

type SandboxSubject = SubjectOf<"sandbox">;

export const sandboxHealth: SubjectHealth<SandboxSubject> = {
  keys(engine, { id, name }) {
    const joined = engine.sandboxes.byId(id)?.joined ?? [];
    return [id, `container:${name}`, ...[...joined].map((endpoint) => endpoint.id)];
  },

  async inspect(engine, subject) {
    const sandbox = engine.sandboxes.byId(subject.id);
    const problem = engine.unrestored.get(subject.id);
    if (sandbox === undefined)
      return problem === undefined ? [] : [notRestoredItem(subject, problem.error, false)];
    // One that shares another's stack has nothing of its own.
    if (sandbox.owner !== undefined) return [];
    const { namespace } = sandbox;
    if (namespace !== undefined && !engine.parts.netstack.isThere(namespace))
      return [lost(subject, namespace)];
    return [
      ...inspectGateway(sandbox, subject),
      ...inspectRouting(sandbox, subject),
      ...inspectFiles(sandbox, subject),
      ...inspectServices(sandbox, subject),
      ...(sandbox.record.ingress === undefined ? [] : inspectIngress(engine, subject, sandbox)),
      ...(await inspectNames(sandbox, subject)),
    ];
  },

  async mend(engine, { id }, items) {
    const sandbox = engine.sandboxes.byId(id);
    if (sandbox === undefined) return;
    if (items.some(({ nature }) => nature === "lost")) return markLost(sandbox);
    if (items.some(({ code }) => code === gatewayMissing || code === gatewayUnneeded))
      await settleGateway(sandbox);
    mendRouting(sandbox);
    const { files } = engine.parts;
    if (files.missing(id).length > 0) files.mend(hostFileContent(sandbox));
    if (items.some(({ code }) => code === servicesMissing)) balance(sandbox);
    mendIngress(engine, items);
    if (items.some(({ code }) => code === namesUnanswered)) await answerAgain(sandbox);
  },
};

const servicesMissing = "services_missing";
const namesUnanswered = "names_unanswered";
const gatewayMissing = "gateway_missing";
const gatewayUnneeded = "gateway_unneeded";

/** What a leave or a start could not bring about. */
function inspectGateway(sandbox: SandboxCore, subject: SandboxSubject): HealthItem[] {
  const repairable = { subject, mend: "call repair()", repairable: true } as const;
  if (needsGateway(sandbox) && gatewayEndpointOf(sandbox) === undefined) {
    const message = "it has no way out: its endpoint on the gateway bridge could not be made";
    return [{ ...repairable, code: gatewayMissing, nature: "missing", message }];
  }
  const nowhere = portsToNowhere(sandbox);
  if (nowhere.length > 0) return [portsUnreachable(subject, nowhere)];
  if (unneededGateway(sandbox) === undefined) return [];
  const message = "it is still on the gateway bridge, which it does not need any more";
  return [{ ...repairable, code: gatewayUnneeded, nature: "stale", message }];
}

function portsUnreachable(subject: SandboxSubject, mappings: readonly PortMapping[]): HealthItem {
  const ports = mappings.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`);
  return {
    code: "ports_unreachable",
    nature: "missing",
    subject,
    message: `what it publishes leads nowhere (${ports.join(", ")}): none of its networks gives it a way out that publishes ports`,
    mend: "connect it to a bridge network and publish them there, or open the controller with a gatewayNetwork",
    repairable: false,
  };
}

function inspectServices(sandbox: SandboxCore, subject: SandboxSubject): HealthItem[] {
  const obstacle = obstacleToServices(sandbox);
  if (obstacle === undefined) return [];
  const message = `services are not reached from it as they should be: ${obstacle}`;
  return [
    { code: servicesMissing, nature: "missing", subject, message, mend: "call repair()", repairable: true },
  ];
}

async function inspectNames(sandbox: SandboxCore, subject: SandboxSubject): Promise<HealthItem[]> {
  const obstacle = await obstacleToNames(sandbox);
  if (obstacle === undefined) return [];
  const message = `names are not answered in it: ${obstacle}`;
  return [
    { code: namesUnanswered, nature: "missing", subject, message, mend: "call repair()", repairable: true },
  ];
}

function lost(subject: SandboxSubject, { path }: NamespacePlace): HealthItem {
  return {
    code: "sandbox_lost",
    nature: "lost",
    subject,
    message: `its network namespace is not at ${path} any more, and is gone with all that was in it`,
    mend: "delete the sandbox, and make it anew",
    repairable: false,
  };
}

function inspectFiles({ engine }: SandboxCore, subject: SandboxSubject): HealthItem[] {
  const { files } = engine.parts;
  return [
    ...files.missing(subject.id).map(
      (path): HealthItem => ({
        code: "file_missing",
        nature: "missing",
        subject,
        message: `its file ${path} is missing`,
        mend: "call repair()",
        repairable: true,
      }),
    ),
    ...files.edited(subject.id).map(
      (path): HealthItem => ({
        code: "file_edited",
        nature: "kept",
        subject,
        message: `somebody wrote into its file ${path}, and it is kept`,
        mend: "none is needed; to have it written anew, empty it and refresh the sandbox",
        repairable: false,
      }),
    ),
  ];
}

function inspectRouting(sandbox: SandboxCore, subject: SandboxSubject): HealthItem[] {
  const { missing, missingRules, replaced } = routingOf(sandbox);
  const gone = (code: string, what: string): HealthItem => {
    const message = `${what} is missing in it`;
    return { code, nature: "missing", subject, message, mend: "call repair()", repairable: true };
  };
  return [
    ...missing.map((route) => gone("route_missing", `the route ${routeText(route)}`)),
    ...missingRules.map(({ priority, from = "all" }) =>
      gone("rule_missing", `policy rule ${priority} from ${from}`),
    ),
    ...replaced.map((route): HealthItem => {
      const message = `in the place of its route ${routeText(route)} there is another`;
      const mend = "if nobody wants the other, remove it, and call repair()";
      return { code: "route_altered", nature: "altered", subject, message, mend, repairable: false };
    }),
  ];
}

function routeText({ destination, gateway }: PlannedRoute): string {
  return gateway === undefined ? `to ${destination}` : `to ${destination} by ${gateway}`;
}

/** Adds the routes and rules that are missing; whoever calls holds the sandbox's lock. */
export function mendRouting(sandbox: SandboxCore): void {
  const { engine, namespace } = sandbox;
  if (namespace === undefined) return;
  const { missing, missingRules } = routingOf(sandbox);
  const { netstack, planRouting } = engine.parts;
  const none = planRouting([]);
  netstack.applyRouting(namespace, none, { ...none, routes: missing, rules: missingRules });
}

/** Of the interfaces that are as they should be: what is wrong with the others takes their routes with it. */
function routingOf({ engine, namespace, joined, routing }: SandboxCore): RoutingDifference {
  const nothing = { missing: [], missingRules: [], replaced: [] };
  if (namespace === undefined || joined.size === 0) return nothing;
  const { netstack } = engine.parts;
  const live = netstack.interfaces(namespace);
  const whole = [...joined].filter(({ record: { join, interface: wanted } }) => {
    const made = join?.interface;
    return made !== undefined && ailments(live, made, wanted).length === 0;
  });
  if (whole.length === 0) return nothing;
  const links = new Set(whole.map(({ record }) => record.join?.interface?.index));
  const wanted = [
    ...whole.flatMap(ownRoutes),
    ...(routing?.routes ?? []).filter(({ link }) => links.has(link)),
  ];
  return compareRouting(netstack.routing(namespace), wanted, routing?.rules ?? []);
}

/** Those to its subnets, and static ones. */
function ownRoutes({ record: { join, interface: own, options } }: EndpointCore): readonly PlannedRoute[] {
  const made = join?.interface;
  if (made === undefined) return [];
  const subnets = [own.ipv4, own.ipv6]
    .filter((cidr) => cidr !== undefined)
    .map((cidr) => parseCidr(cidr))
    .filter(({ hostBits }) => hostBits > 0)
    .map(({ subnet }) => ({ destination: subnet.toString(), nextHop: undefined }));
  return staticRoutes(made.index, [
    ...subnets,
    ...(join?.answer.staticRoutes ?? []),
    ...options.staticRoutes,
  ]);
}
