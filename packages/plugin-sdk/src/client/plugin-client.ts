/**
 * Typed calls of one plugin.
 */
import Type from "typebox";
import { messageOf, PluginError } from "../errors.ts";
import {
  jsonIn,
  type MethodName,
  methods,
  type RequestFor,
  type ResponseOf,
  readMessage,
  requestBody,
} from "../protocol/index.ts";
import { visible } from "../visible.ts";
import { addressText } from "./address.ts";
import { defaultDirectories, type FoundPlugin, findPlugin, type PluginDirectories } from "./discovery.ts";
import { type Clock, retried, systemClock } from "./retry.ts";
import { ConnectionError, type RawAnswer, Transport } from "./transport.ts";

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

/** Characters of a plugin's words that go into errors, logs and events. */
const longestFailure = 4096;

/** Of what a plugin says when it fails. */
const Failure = Type.Object({ Err: Type.String(), Error: Type.String() });

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
    return this.#read(method, answer);
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

  #read<M extends MethodName>(method: M, { status, text }: RawAnswer): ResponseOf<M> {
    const { errorField, response } = methods[method];
    const value = jsonIn(text);
    const failure = failureIn(value, errorField);
    const details = { detail: { plugin: this.name, method, status } };
    if (status === 404)
      throw new PluginError(
        "plugin_method_unknown",
        `remote: ${failure ?? `${this.name} does not know ${method}`}`,
        {
          ...details,
          cause: new Error(`${method}: 404: ${shortened(text)}`),
        },
      );
    if (failure !== undefined || status !== 200)
      throw new PluginError(
        "plugin_refused",
        `remote: ${failure ?? `${method}: ${status}: ${shortened(text)}`}`,
        {
          ...details,
          cause: new Error(`${method}: ${status}: ${shortened(text)}`),
        },
      );
    try {
      if (value === undefined) throw new Error(text.trim() === "" ? "it is empty" : "it is not JSON");
      return readMessage(response, value) as ResponseOf<M>;
    } catch (error) {
      const from = this.#transport === undefined ? "" : ` (${addressText(this.#transport.address)})`;
      throw new PluginError(
        "plugin_answer_invalid",
        `${this.name}${from} answered ${method} with what cannot be read: ${messageOf(error)}: ${shortened(text)}`,
        { ...details, cause: error },
      );
    }
  }
}

/** Some IPAMs say Err, too: dockerd takes that for a success, with nothing in it. */
function failureIn(value: unknown, field: "Err" | "Error"): string | undefined {
  try {
    const failure = readMessage(Failure, value);
    const said = failure[field] || failure.Err || failure.Error;
    return said === "" ? undefined : shortened(said, longestFailure);
  } catch {
    return undefined;
  }
}

function shortened(text: string, longest = 200): string {
  const line = visible(text.trim());
  return line.length > longest ? `${line.slice(0, longest)}...` : line;
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
