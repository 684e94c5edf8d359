// One script: its steps are done on a host of its own, and after each the kernel must hold what the model says.

import assert from "node:assert/strict";
import { join } from "node:path";
import { NetNamespace, unbindNamespace } from "@causeway/kernel";
import { eventually } from "../support/eventually.ts";
import { TestHost } from "../support/host.ts";
import { assertSameState, stackState } from "../support/kernel-state.ts";
import { picture } from "../support/picture.ts";
import { aim, applied, type Drawn, perform, recover, refusal } from "./commands/all.ts";
import { Hands, type Operation } from "./commands/command.ts";
import { expectedFacts } from "./expected.ts";
import { kernelFacts } from "./facts.ts";
import { runAndKill } from "./killed.ts";
import { emptyModel, type Model } from "./model.ts";
import { assertPackets } from "./packets.ts";
import { type Done, serialOrders } from "./together.ts";
import { Transcript } from "./transcript.ts";

export type Step =
  | { readonly kind: "one"; readonly drawn: Drawn }
  | { readonly kind: "together"; readonly drawn: readonly Drawn[] }
  | { readonly kind: "restart" }
  | { readonly kind: "kill"; readonly drawn: readonly Drawn[]; readonly turns: number }
  | { readonly kind: "packets"; readonly at: number };

/** How many namespaces there are that somebody else made. */
const outerNamespaces = 2;

/** @throws what went wrong first, with a transcript of the steps that led there */
export async function runScript(steps: readonly Step[]): Promise<void> {
  const atEnd: (() => unknown)[] = [];
  const host = await TestHost.create({ after: (action) => atEnd.push(action as () => unknown) });
  const transcript = new Transcript();
  const finish = async () => {
    for (const action of atEnd) await action();
  };
  try {
    const script = new Script(host, transcript);
    try {
      for (const step of steps) await script.step(step);
    } finally {
      script.letGo();
    }
  } catch (error) {
    host.patience = 200;
    await finish().catch(() => undefined);
    throw transcript.failure(error);
  }
  try {
    await finish();
  } catch (error) {
    throw transcript.failure(error);
  }
}

class Script {
  readonly #host: TestHost;
  readonly #transcript: Transcript;
  readonly #outer: readonly string[];
  #model: Model = emptyModel();
  #hands: Hands;
  #lastKey = 0;

  constructor(host: TestHost, transcript: Transcript) {
    this.#host = host;
    this.#transcript = transcript;
    this.#outer = Array.from({ length: outerNamespaces }, (_, number) => {
      using namespace = NetNamespace.create();
      const path = join(host.directory, `outer${number}`);
      namespace.bindAt(path);
      return path;
    });
    this.#hands = new Hands(host.controller, this.#model, this.#outer);
  }

  async step(step: Step): Promise<void> {
    if (step.kind === "one") await this.#one(step.drawn);
    else if (step.kind === "together") await this.#together(step.drawn);
    else if (step.kind === "restart") await this.#restart();
    else if (step.kind === "kill") await this.#kill(step.drawn, step.turns);
    else await assertPackets(this.#host, this.#model, this.#hands, step.at);
  }

  /** The namespaces of somebody else's. */
  letGo(): void {
    for (const path of this.#outer) unbindNamespace(path);
  }

  #aim(drawn: Drawn, model: Model): Operation | undefined {
    return aim(drawn, model, () => ++this.#lastKey);
  }

  async #one(drawn: Drawn): Promise<void> {
    const operation = this.#aim(drawn, this.#model);
    if (operation === undefined) return;
    const line = this.#transcript.begin(this.#model, operation);
    const outcome = await perform(this.#hands, operation);
    line.end(outcome);
    const code = "code" in outcome ? outcome.code : undefined;
    assert.equal(code, refusal(this.#model, operation), "the outcome is another than foretold");
    if ("answer" in outcome) this.#model = applied(this.#model, operation, outcome.answer);
    await this.#look([this.#model]);
  }

  async #together(drawn: readonly Drawn[]): Promise<void> {
    const operations = drawn.flatMap((one) => this.#aim(one, this.#model) ?? []);
    const done = await Promise.all(
      operations.map(async (operation): Promise<Done> => {
        const line = this.#transcript.begin(this.#model, operation, "at once");
        const outcome = await perform(this.#hands, operation);
        line.end(outcome);
        return { operation, outcome };
      }),
    );
    const candidates = [...serialOrders(this.#model, done)];
    assert.ok(candidates.length > 0, "no order of one after the other has these outcomes");
    await this.#look(candidates);
  }

  async #restart(): Promise<void> {
    this.#transcript.note("restart");
    await this.#host.restart();
    await this.#taken([this.#model]);
  }

  async #kill(drawn: readonly Drawn[], turns: number): Promise<void> {
    const operations = drawn.flatMap((one) => this.#aim(one, this.#model) ?? []);
    if (operations.length === 0) return;
    for (const operation of operations)
      this.#transcript.begin(this.#model, operation, "in a process that is killed");
    await this.#host.stop();
    const told = await runAndKill({
      options: this.#host.options,
      model: this.#model,
      outer: this.#outer,
      operations,
      turns,
    });
    this.#transcript.note(`killed when ${told.length} of ${operations.length} were told to be done`);
    for (const [at, outcome] of told.entries()) {
      const operation = operations[at];
      if (operation === undefined) continue;
      const code = "code" in outcome ? outcome.code : undefined;
      assert.equal(
        code,
        refusal(this.#model, operation),
        `the outcome of number ${at + 1} is another than foretold`,
      );
      if ("answer" in outcome) this.#model = applied(this.#model, operation, outcome.answer);
    }
    await this.#host.start();
    const last = operations[told.length];
    await this.#taken([this.#model, ...this.#unheard(last)]);
  }

  /** The model with an operation that may have been done, though nobody heard of it. */
  #unheard(operation: Operation | undefined): Model[] {
    if (operation === undefined || refusal(this.#model, operation) !== undefined) return [];
    try {
      const hands = new Hands(this.#host.controller, this.#model, this.#outer);
      const found = recover(hands, operation);
      return found !== undefined && "answer" in found ? [applied(this.#model, operation, found.answer)] : [];
    } catch {
      // What it deletes is not to be found: it was done.
      return [applied(this.#model, operation, null)];
    }
  }

  /** A controller has opened: it reports nothing, and has what one of the models has. */
  async #taken(candidates: readonly Model[]): Promise<void> {
    assert.deepEqual(this.#host.controller.problems, []);
    await this.#look(candidates);
    this.#hands = new Hands(this.#host.controller, this.#model, this.#outer);
  }

  /** Takes the model that the kernel agrees with. */
  async #look(candidates: readonly Model[]): Promise<void> {
    const found = kernelFacts(picture(this.#host));
    const agreeing = candidates.find((model) => expectedFacts(model).join("\n") === found.join("\n"));
    const [first = emptyModel()] = candidates;
    if (agreeing === undefined)
      assertSameState(found, expectedFacts(first), "the kernel differs from the model");
    this.#model = agreeing ?? first;
    await this.#lookElsewhere();
  }

  /** Namespaces of somebody else's that no sandbox has are left as they were. */
  async #lookElsewhere(): Promise<void> {
    for (const [number, path] of this.#outer.entries()) {
      if (this.#model.sandboxes.some(({ outer }) => outer === number)) continue;
      using namespace = NetNamespace.open(path);
      await eventually(() => {
        const left = stackState(namespace).filter((line) => /^link (?!lo )/.test(line));
        assert.deepEqual(left, [], `left in ${path}`);
      }, 2000);
    }
  }
}
