// What a host's process is told to do, and what it answers.

export interface HostSettings {
  readonly number: number;
  /** Of state and run directory. */
  readonly directory: string;
  readonly etcd: readonly string[];
  /** Seconds. */
  readonly life: number;
  readonly retention: number;
}

export interface Attaching {
  readonly network: string;
  readonly container: string;
  readonly ipv4?: string;
  readonly mac?: string;
  /** Path of a namespace that is there already. */
  readonly key?: string;
}

export type HostOrder =
  | { readonly do: "make network"; readonly name: string; readonly subnet?: string }
  | { readonly do: "delete network"; readonly name: string }
  | ({ readonly do: "attach" } & Attaching)
  | { readonly do: "detach"; readonly container: string }
  /** A bridge network with a sandbox in it, made and deleted. */
  | { readonly do: "work alone" }
  | { readonly do: "look" }
  /** The time of day, as this process sees it, is so many milliseconds off. */
  | { readonly do: "set clock"; readonly by: number }
  | { readonly do: "resolve"; readonly container: string; readonly name: string }
  | { readonly do: "close" };

export interface SeenEndpoint {
  readonly id: string;
  readonly name: string;
  /** Without prefix length. */
  readonly ipv4: string;
  readonly isJoined: boolean;
  readonly netnsPath: string | undefined;
}

export interface SeenNetwork {
  readonly id: string;
  readonly name: string;
  readonly endpoints: readonly SeenEndpoint[];
}

/** Of a host. */
export interface Sight {
  /** Those that hosts share. */
  readonly networks: readonly SeenNetwork[];
  /** What the doctor says. */
  readonly findings: readonly { readonly code: string; readonly message: string }[];
  /** Processor time of the process so far, milliseconds. */
  readonly busy: number;
}

export interface Answer {
  readonly order: number;
  readonly value?: unknown;
  /** Where it was refused. */
  readonly failure?: { readonly code: string; readonly message: string };
}
