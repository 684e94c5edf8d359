/**
 * What calls of a driver that is a plugin have in common: its capabilities come first, and what it did for an answer that is wrong is taken back.
 */
import { messageOf, PluginError } from "../errors.ts";
import type { MethodName, RequestFor, ResponseOf } from "../protocol/index.ts";
import type { CallOptions, PluginClient } from "./plugin-client.ts";

export class DriverCalls<Capabilities> {
  readonly #client: PluginClient;
  readonly #ask: (options: CallOptions) => Promise<Capabilities>;
  #capabilities: Promise<Capabilities> | undefined;

  /** @param ask asks the plugin for its capabilities */
  constructor(client: PluginClient, ask: (options: CallOptions) => Promise<Capabilities>) {
    this.#client = client;
    this.#ask = ask;
  }

  /** Asked once; once more after a failure. */
  capabilities(options: CallOptions): Promise<Capabilities> {
    this.#capabilities ??= this.#ask(options).catch((error) => {
      this.#capabilities = undefined;
      throw error;
    });
    return this.#capabilities;
  }

  async call<M extends MethodName>(
    method: M,
    request: RequestFor<M>,
    options: CallOptions,
  ): Promise<ResponseOf<M>> {
    await this.capabilities(options);
    return this.#client.callDriver(method, request, options);
  }

  /**
   * @param problem what was wrong with the answer
   * @throws PluginError plugin_answer_invalid, always
   */
  async takeBack(
    method: MethodName,
    problem: string,
    undo: () => Promise<void>,
    cause?: unknown,
  ): Promise<never> {
    const { undone, outcome } = await undo().then(
      () => ({ undone: true, outcome: "rolled back" }),
      (failure) => ({ undone: false, outcome: `failed to roll back: ${messageOf(failure)}` }),
    );
    const [, what = ""] = method.split(".");
    const { name } = this.#client;
    throw new PluginError("plugin_answer_invalid", `${name} answered ${what} with ${problem}; ${outcome}`, {
      ...(cause !== undefined && { cause }),
      detail: { plugin: name, method, undone },
    });
  }
}
