/**
 * Netlink requests at the seam (sys/seam.ts): each is a crossing of its own, several in one send too.
 */
import { KernelError } from "../sys/errors.ts";
import { type Crossing, cross, errnoOf, type Fault, isGuarded } from "../sys/seam.ts";
import type { Request } from "./message.ts";

type Outcome = KernelError | undefined;

function crossing({ operation, subject }: Request): Crossing {
  return { kind: "netlink", operation, subject };
}

/** The kernel's refusal, as a fault has it. */
function refusal({ operation, subject }: Request, fault: Fault): KernelError {
  return new KernelError({ operation, subject, errno: errnoOf(fault), kernelMessage: "made to fail" });
}

/** A request whose outcome is answered. */
export function answered(request: Request, ask: () => Outcome): Outcome {
  return cross(crossing(request), ask, (fault) => refusal(request, fault));
}

/** A request that throws where it fails. */
export function asked<T>(request: Request, ask: () => T): T {
  return cross(crossing(request), ask, (fault) => {
    throw refusal(request, fault);
  });
}

/** Requests that are sent together: those that are to fail are left out of the send. */
export function answeredTogether(
  requests: readonly Request[],
  ask: (requests: readonly Request[]) => readonly Outcome[],
): readonly Outcome[] {
  if (!isGuarded()) return ask(requests);
  const made: Request[] = [];
  const outcomes = requests.map((request) => answered(request, () => void made.push(request)));
  const answers = new Map(ask(made).map((outcome, at) => [made[at], outcome]));
  return requests.map((request, at) => outcomes[at] ?? answers.get(request));
}
