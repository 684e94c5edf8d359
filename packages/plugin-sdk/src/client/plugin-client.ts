/**
 * Typed calls of one plugin.
 */
import { messageOf, PluginError } from "../errors.ts";
import { shortened } from "../excerpt.ts";
import {
  type MethodName,
  methods,
  type RequestFor,
  type ResponseOf,
  requestBody,
} from "../protocol/index.ts";
import { readAnswer } from "./answer.ts";
import { defaultDirectories, type FoundPlugin, findPlugin, type PluginDirectories } from "./discovery.ts";
import { type Clock, retried, systemClock } from "./retry.ts";
import { ConnectionError, Transport } from "./transport.ts";

export interface ClientOptions {
  /** Where plugins are looked for. */
  readonly directories?: PluginDirectories;
  /** How long one attempt of a call may take, milliseconds. Default: 60 s; dockerd waits for ever. */
  readonly timeout?: number;
  /** How long connections are tried for, milliseconds; 0: once. Default: 30 s, as dockerd. */
  readonly patience?: number;
  /** Largest answer that is read, bytes. Default: 1 MiB. */
  readonly answerLimit?: number;
  readonly clock?: Clock;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Instead of the client's. */
  readonly timeout?: number;
}

export class PluginClient implements Disposable {
  readonly name: string;
  readonly #find: () => FoundPlugin;
  readonly #timeout: number;
  readonly #patience: number;
  readonly #answerLimit: number;
  readonly #clock: Clock;
  #ending = new AbortController();
  #transport: Transport | undefined;
  #activation: Promise<readonly string[]> | undefined;

  /**
   * Nothing is looked for or connected to before the first call.
   *
   * @param plugin its name, which is looked for anew after a connection has failed; or where it is
   */
  constructor(plugin: string | FoundPlugin, options: ClientOptions = {}) {
    const { directories = defaultDirectories } = options;
    this.name = typeof plugin === "string" ? plugin : plugin.name;
    this.#find = () => (typeof plugin === "string" ? findPlugin(plugin, directories) : plugin);
    this.#timeout = options.timeout ?? 60_000;
    this.#patience = options.patience ?? 30_000;
    this.#answerLimit = options.answerLimit ?? 1024 * 1024;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * The handshake. Done once; once more after one that failed.
   *
   * @returns what the plugin is: `NetworkDriver`, `IpamDriver` ...
   * @throws PluginError plugin_not_found, plugin_unreachable, plugin_answer_invalid ...
   */
  async activate(options: CallOptions = {}): Promise<readonly string[]> {
    // Several that wait share one handshake, which nobody's signal ends for the others.
    const { signal, ...rest } = options;
    this.#activation ??= this.call("Plugin.Activate", {}, rest).then(
      ({ Implements }) => Implements,
      (error) => {
        this.#activation = undefined;
        throw error;
      },
    );
    return signal === undefined ? this.#activation : unlessAborted(this.#activation, signal);
  }

  /**
   * One method, with the handshake before it that dockerd does before the first.
   *
   * @throws PluginError plugin_kind_missing where the plugin is no such driver; what {@link call} throws
   */
  async callDriver<M extends MethodName>(
    method: M,
    request: RequestFor<M>,
    options: CallOptions = {},
  ): Promise<ResponseOf<M>> {
    const [kind = ""] = method.split(".");
    const kinds = await this.activate(options);
    if (!kinds.includes(kind))
      throw new PluginError(
        "plugin_kind_missing",
        `${this.name} is no ${kind}: it implements ${shortened(kinds.join(", ")) || "nothing"}`,
        { detail: kinds },
      );
    return this.call(method, request, options);
  }

  /**
   * One method, without a handshake. A connection that cannot be made is tried again after 1, 2, 4, 8 s ...; one that broke after the request was
   * on its way only where asking twice is the same as asking once (dockerd asks again always). What the plugin has answered is never asked again.
   *
   * @throws PluginError plugin_refused (`remote: <text>`), plugin_method_unknown, plugin_answer_invalid, plugin_answer_too_large, plugin_timeout,
   * plugin_unreachable, plugin_call_aborted, plugin_not_found
   */
  async call<M extends MethodName>(
    method: M,
    request: RequestFor<M>,
    { signal: givenUp, timeout = this.#timeout }: CallOptions = {},
  ): Promise<ResponseOf<M>> {
    const ending = this.#ending.signal;
    const signal = givenUp === undefined ? ending : AbortSignal.any([givenUp, ending]);
    const body = requestBody(request);
    const exchange = { path: `/${method}`, body, timeout, signal, limit: this.#answerLimit };
    const answer = await retried(
      async () => {
        try {
          return await this.#connected().exchange(exchange);
        } catch (error) {
          // After a restart it may be found elsewhere.
          if (error instanceof ConnectionError) this.#disconnect();
          throw error;
        }
      },
      (error) =>
        error instanceof ConnectionError && error.passing && (!error.sent || methods[method].repeatable),
      this.#patience,
      this.#clock,
      signal,
    );
    return readAnswer({ name: this.name, address: this.#transport?.address }, method, answer);
  }

  /** Ends the calls that run (plugin_call_aborted) and closes connections; the next call opens one anew, after another handshake. */
  [Symbol.dispose](): void {
    this.#ending.abort(new PluginError("plugin_call_aborted", `the client of ${this.name} was closed`));
    this.#ending = new AbortController();
    this.#disconnect();
    this.#activation = undefined;
  }

  #connected(): Transport {
    this.#transport ??= new Transport(this.#find().address);
    return this.#transport;
  }

  #disconnect(): void {
    this.#transport?.[Symbol.dispose]();
    this.#transport = undefined;
  }
}

/** What comes first. A signal may live for long: it is not left with a listener for each call. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () =>
    reject(
      new PluginError("plugin_call_aborted", `given up: ${messageOf(signal.reason)}`, {
        cause: signal.reason,
      }),
    );
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
