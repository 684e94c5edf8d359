/**
 * Names: what sandboxes are told when they ask for a name. Plain data, as it goes to the resolver's thread.
 */
import type { NamespacePlace } from "./netstack.ts";

/** A record that a user put into a network, or that is made of an endpoint. RFC 1035, 2782, 3596. */
export type RecordData =
  | { readonly type: "A" | "AAAA"; readonly address: string }
  | { readonly type: "CNAME"; readonly target: string }
  | { readonly type: "PTR"; readonly target: string }
  | { readonly type: "TXT"; readonly texts: readonly string[] }
  | {
      readonly type: "SRV";
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    };

/** A record that a user added to a network. */
export interface AddedRecord {
  /** As it is asked for in the network, without the network's name. */
  readonly name: string;
  readonly data: RecordData;
  /** Seconds. */
  readonly ttl: number;
}

/** A port that is found by a SRV question: `_http._tcp.web`. */
export interface NamedPort {
  /** Without the underscore: `http`. */
  readonly name: string;
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly port: number;
}

/** An endpoint in a sandbox: what the others in its network find, and what it finds itself besides them. */
export interface Membership {
  readonly endpointId: string;
  readonly networkId: string;
  /** Others ask for `NAME.NETWORK`. */
  readonly networkName: string;
  /** Subnets (CIDR) of the network, whose addresses have no names elsewhere. */
  readonly subnets: readonly string[];
  /** What it is called in the network, the first being what its address is called; `*.app` stands for all below `app`. */
  readonly names: readonly string[];
  readonly ipv4?: string;
  readonly ipv6?: string;
  /** Seconds that an answer may be kept. */
  readonly ttl: number;
  readonly ports: readonly NamedPort[];
  /** Names of its own for others in the network: alias to name. */
  readonly links: Readonly<Record<string, string>>;
  /** Name servers of the network, asked from the host. */
  readonly servers: readonly string[];
}

/** A sandbox, as far as names go. */
export interface SandboxNames {
  readonly sandboxId: string;
  /** In the order in which they are asked. */
  readonly memberships: readonly Membership[];
  readonly extraHosts: readonly { readonly name: string; readonly address: string }[];
  /** Whether others are asked for what is not found here: not in internal networks alone. */
  readonly forwards: boolean;
  /** Name servers of the sandbox's own, asked from within it; empty: those of its networks, or the host's. */
  readonly servers: readonly string[];
  /** Options of its own for resolv.conf, of which some are for whoever asks others; empty: the host's. */
  readonly options: readonly string[];
}

/** A record of an answer, for people. */
export interface AnsweredRecord {
  readonly name: string;
  /** `A`, `CNAME` ..., `TYPE65280` for what has no name. */
  readonly type: string;
  /** Seconds. */
  readonly ttl: number;
  /** As in a zone file: `10.0.0.2`, `0 5 8080 web`; RFC 3597 for a type that is not known here. */
  readonly value: string;
}

/** What a program in the sandbox is told. */
export interface Lookup {
  readonly name: string;
  readonly type: string;
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL` ... */
  readonly rcode: string;
  readonly answers: readonly AnsweredRecord[];
  /** How long it took, from the resolver's thread on. */
  readonly milliseconds: number;
}

/** What came of asking a server: an answer, whatever it says, or why there is none that counts. */
export type AskingOutcome = "answered" | "silent" | "unreachable" | "broken";

/** A place where an answer was looked for, in the order in which that was done. */
export type TraceStep =
  /** The sandbox's own lines of /etc/hosts. */
  | { readonly at: "extra hosts"; readonly found: boolean }
  | {
      readonly at: "network";
      readonly networkId: string;
      readonly network: string;
      /** What was looked for in it. */
      readonly name: string;
      /** As it was asked, because a link says so, behind the network's name, by a named port, or an address. */
      readonly by: "name" | "link" | "network name" | "named port" | "address";
      /** What goes by that name; a name without the type that was asked for is found, and has no answer. */
      readonly found: "endpoints" | "records" | "nothing";
      readonly endpointIds: readonly string[];
    }
  /** Nobody outside is asked. */
  | { readonly at: "private"; readonly why: "other network" | "address" | "internal" }
  /** The name leads on to this one, which only others know. */
  | { readonly at: "alias"; readonly target: string }
  | { readonly at: "cache" }
  | {
      readonly at: "server";
      readonly address: string;
      /** Whose namespace it was asked from. */
      readonly from: "host" | "sandbox";
      readonly protocol: "udp" | "tcp";
      readonly outcome: AskingOutcome;
      /** Of an answer: `NXDOMAIN` ... */
      readonly rcode?: string;
      readonly milliseconds: number;
    }
  /** There is nobody to ask, or the limit of questions is reached. */
  | { readonly at: "nobody" };

/** How a question is answered, and why not otherwise. */
export interface Trace extends Lookup {
  readonly steps: readonly TraceStep[];
}

/** What a resolver has done since it began. */
export interface ResolverCounts {
  /** That sandboxes asked. */
  readonly questions: number;
  /** Answered by names of networks and extra hosts, a name without the type that was asked for among them. */
  readonly found: number;
  /** Names that nobody outside is asked for. */
  readonly private: number;
  /** Others' answers that were kept. */
  readonly cached: number;
  /** Beyond what may wait. */
  readonly refused: number;
  /** Questions to name servers, each try. */
  readonly asked: number;
  /** Tries that ended without an answer in time. */
  readonly silent: number;
  readonly unreachable: number;
  /** Answers that are none: not whole. */
  readonly broken: number;
  /** Messages from servers' addresses that were not asked for: ignored. */
  readonly strange: number;
}

/** Answers the questions of sandboxes, at 127.0.0.11 in each. */
export interface Resolver {
  /** Somebody is going to ask soon: what takes long once is begun. */
  start(): void;
  /**
   * Makes ready beforehand what it takes to answer in a namespace. Until it is opened, whoever asks there is refused. Where it fails, or comes
   * too early, {@link open} makes it.
   *
   * @param place good until it is opened, or for a while: where another namespace is there by then, it fails
   */
  prepare(place: NamespacePlace): void;
  /** What was made ready in a namespace and not opened is let go of. */
  forget(place: NamespacePlace): void;
  /** Begins to answer in a namespace; in one that it answers in already, what is missing there is made again. */
  open(sandboxId: string, place: NamespacePlace): void;
  /**
   * Returns when the questions of a sandbox that was opened are answered: at once, as a rule.
   *
   * @throws resolver_failed
   */
  opened(sandboxId: string): Promise<void>;
  /** What keeps questions of a sandbox that was opened from being answered; undefined: nothing. */
  obstacle(sandboxId: string): Promise<string | undefined>;
  /** From the next question on these are the sandbox's names, and what others find of it. */
  tell(names: SandboxNames): void;
  /** An endpoint of another host, in a network that sandboxes here are in: from the next question on they find it. */
  tellPeer(peer: Membership): void;
  /** Nothing is wrong with one that is not there. */
  forgetPeer(endpointId: string): void;
  /** Its names are gone, and nobody answers it. Nothing is wrong with one that is not there. */
  close(sandboxId: string): void;
  /**
   * Answers a question as if a program in the sandbox had asked it, and tells how.
   *
   * @param type `A`, `AAAA` ..., or `TYPE65280`
   * @throws resolver_failed; invalid_name for what no question can be about
   */
  trace(sandboxId: string, name: string, type: string): Promise<Trace>;
  readonly counts: ResolverCounts;
  /** In the place of the network's records. */
  tellRecords(networkId: string, records: readonly AddedRecord[]): void;
}
