/**
 * What an answer says: what was asked for, or the error that it is.
 */
import Type from "typebox";
import { messageOf, PluginError } from "../errors.ts";
import { shortened } from "../excerpt.ts";
import { jsonIn, type MethodName, methods, type ResponseOf, readMessage } from "../protocol/index.ts";
import { addressText, type PluginAddress } from "./address.ts";
import type { RawAnswer } from "./transport.ts";

/** Who has answered. */
export interface Answerer {
  readonly name: string;
  /** Where, as far as it is known. */
  readonly address: PluginAddress | undefined;
}

/** Characters of a plugin's words that go into errors, logs and events. */
const longestFailure = 4096;

/** Of what a plugin says when it fails. */
const Failure = Type.Object({ Err: Type.String(), Error: Type.String() });

/** @throws PluginError plugin_refused (`remote: <text>`), plugin_method_unknown, plugin_answer_invalid */
export function readAnswer<M extends MethodName>(
  { name, address }: Answerer,
  method: M,
  { status, text }: RawAnswer,
): ResponseOf<M> {
  const { errorField, response } = methods[method];
  const value = jsonIn(text);
  const failure = failureIn(value, errorField);
  const detail = { plugin: name, method, status };
  // Of most answers nobody asks.
  const said = () => `${method}: ${status}: ${shortened(text)}`;
  if (status === 404) {
    const message = `remote: ${failure ?? `${name} does not know ${method}`}`;
    throw new PluginError("plugin_method_unknown", message, { detail, cause: new Error(said()) });
  }
  if (failure !== undefined || status !== 200)
    throw new PluginError("plugin_refused", `remote: ${failure ?? said()}`, {
      detail,
      cause: new Error(said()),
    });
  try {
    if (value === undefined) throw new Error(text.trim() === "" ? "it is empty" : "it is not JSON");
    return readMessage(response, value) as ResponseOf<M>;
  } catch (error) {
    const from = address === undefined ? "" : ` (${addressText(address)})`;
    const message = `${name}${from} answered ${method} with what cannot be read: ${messageOf(error)}: ${shortened(text)}`;
    throw new PluginError("plugin_answer_invalid", message, { detail, cause: error });
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
