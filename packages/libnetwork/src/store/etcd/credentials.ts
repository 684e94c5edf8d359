/**
 * Who this host is to etcd: a user and a password, for which etcd gives a token that it forgets after some minutes, and when it starts.
 */
import { messageOf } from "../../errors.ts";
import { authenticate } from "./methods.ts";
import type { Channel } from "./wire/channel.ts";
import { CallFailure, isCallFailure, status } from "./wire/status.ts";

/** How long a login may take, milliseconds: etcd makes it slow on purpose. */
const loginPatience = 3000;

/** What etcd says where it asks nobody who they are. */
const notEnabled = "authentication is not enabled";

/** An empty token: etcd asks nobody. */
type Token = string;

export class Credentials {
  readonly #user: string;
  readonly #readPassword: () => string;
  #token: Promise<Token> | undefined;
  /** What {@link token} has last answered. */
  #known: Token | undefined;

  constructor(user: string, readPassword: () => string) {
    this.#user = user;
    this.#readPassword = readPassword;
  }

  /** The token that is good, or was; of several that ask at the same time one logs in. @throws CallFailure */
  async token(channel: Channel): Promise<Token> {
    this.#token ??= this.#login(channel);
    const current = this.#token;
    try {
      this.#known = await current;
      return this.#known;
    } catch (error) {
      if (this.#token === current) this.#token = undefined;
      throw error;
    }
  }

  /** It is not good any more. Another one that somebody else has got meanwhile stays. */
  forget(token: Token | undefined): void {
    if (token === this.#known) this.#token = undefined;
  }

  async #login(channel: Channel): Promise<Token> {
    const request = authenticate.request.encode({ name: this.#user, password: this.#password() });
    try {
      const answer = await channel.unary(authenticate.path, request, {}, loginPatience);
      return authenticate.answer.decode(answer).token;
    } catch (error) {
      if (!isCallFailure(error)) throw error;
      if (error.message.includes(notEnabled)) return "";
      if (error.status !== status.invalidArgument) throw error;
      throw refused(`etcd refuses the user "${this.#user}" or the password in its passwordFile`, error);
    }
  }

  #password(): string {
    try {
      return this.#readPassword();
    } catch (error) {
      throw refused(`the password cannot be read: ${messageOf(error)}`, error);
    }
  }
}

function refused(message: string, cause: unknown): CallFailure {
  return new CallFailure(status.unauthenticated, message, { wasSent: false, cause });
}
