/**
 * Go's printf, for the values that templates have.
 */
import { printed, type Value } from "./print.ts";

const verb = /%([-+ 0#]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g;

export function sprintf(format: string, values: readonly Value[]): string {
  let at = 0;
  const text = format.replace(
    verb,
    (_, flags: string, width: string | undefined, precision: string | undefined, letter: string) => {
      if (letter === "%") return "%";
      if (at >= values.length) return `%!${letter}(MISSING)`;
      const value = values[at++];
      const shown = formatted(value, letter, flags, precision === undefined ? undefined : Number(precision));
      return padded(shown, Math.min(Number(width ?? 0), 65536), flags, typeof value === "number");
    },
  );
  const extra = values.slice(at).map((value) => `${typeName(value)}=${printed(value)}`);
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(", ")})`;
}

function formatted(value: Value, letter: string, flags: string, precision: number | undefined): string {
  switch (letter) {
    case "v":
      return printed(value);
    case "s":
      if (typeof value === "number" || typeof value === "boolean") break;
      return cut(printed(value), precision);
    case "q":
      return JSON.stringify(printed(value));
    case "t":
      if (typeof value === "boolean") return String(value);
      break;
    case "d":
      if (Number.isInteger(value)) return signed(String(value), flags);
      break;
    case "x":
    case "X": {
      const hex =
        typeof value === "number" ? value.toString(16) : Buffer.from(printed(value)).toString("hex");
      return letter === "X" ? hex.toUpperCase() : hex;
    }
    case "f":
      if (typeof value === "number") return signed(value.toFixed(Math.min(precision ?? 6, 100)), flags);
      break;
    case "T":
      return typeName(value);
  }
  return `%!${letter}(${typeName(value)}=${printed(value)})`;
}

function cut(text: string, precision: number | undefined): string {
  return precision === undefined ? text : [...text].slice(0, precision).join("");
}

function signed(digits: string, flags: string): string {
  return flags.includes("+") && !digits.startsWith("-") ? `+${digits}` : digits;
}

function padded(text: string, width: number, flags: string, isNumber: boolean): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes("-")) return text + " ".repeat(missing);
  if (flags.includes("0") && isNumber) return text.replace(/^[+-]?/, (sign) => sign + "0".repeat(missing));
  return " ".repeat(missing) + text;
}

function typeName(value: Value): string {
  if (value === undefined || value === null) return "<nil>";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float64";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "string";
  return Array.isArray(value) ? "[]interface {}" : "map[string]interface {}";
}
