/**
 * What a setting is, and how the table in settings.ts is written.
 */
import { CausewayError, type ControllerOptions, checkControllerOptions, invalid } from "@causeway/libnetwork";
import { checked, integer, type Kind } from "./kinds.ts";
import { defaultLimits, type Limits } from "./limits.ts";

export interface Setting<T> {
  /** In the file: `table.name`. */
  readonly key: string;
  /** Without dashes. The variable is made of it: `state-dir` is CAUSEWAY_STATE_DIR. */
  readonly flag: string;
  readonly kind: Kind<T>;
  /** Undefined: there is none. */
  readonly byDefault: T | undefined;
  readonly about: string;
  /** Shown in the example file where the default says little. */
  readonly example?: NoInfer<T>;
  /** SIGHUP takes it up; what has no such mark needs a restart. */
  readonly reloads?: true;
}

export function variableOf({ flag }: Pick<Setting<unknown>, "flag">): string {
  return `CAUSEWAY_${flag.toUpperCase().replaceAll("-", "_")}`;
}

/** What the controller checks itself, it checks here. */
export function controllers<T>(kind: Kind<T>, option: (value: T) => Partial<ControllerOptions>): Kind<T> {
  return checked(kind, (value) => {
    try {
      checkControllerOptions({ stateDir: "/", runDir: "/", ...option(value) });
    } catch (error) {
      if (!(error instanceof CausewayError)) throw error;
      // How the option is called in a program means nothing to whoever reads this.
      throw invalid("invalid_setting", error.message.replace(/^options[\w.]*(\[\d+\])?[\w.]*: /, ""), value);
    }
  });
}

type Plain<T> = Omit<Setting<T>, "byDefault">;

export function setting<T>(
  plain: Plain<T> & { readonly byDefault: NoInfer<T> },
): Setting<T> & { readonly byDefault: T };
export function setting<T>(plain: Plain<T>): Setting<T>;
export function setting<T>(plain: Plain<T> & { readonly byDefault?: T }): Setting<T> {
  return { byDefault: undefined, ...plain };
}

/** One of {@link Limits}. */
export function limit(name: keyof Limits, unit: "" | "-ms", least: number, most: number, about: string) {
  const written = `${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}${unit}`;
  return setting({
    key: `limits.${written}`,
    flag: `limit-${written}`,
    kind: integer(least, most, unit === "" ? "NUMBER" : "MILLISECONDS"),
    byDefault: defaultLimits[name],
    about,
  });
}
