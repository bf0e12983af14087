// Inputs of a traced function: its arguments under the names of its parameters, which are read from
// the function's source text. Where the text tells nothing, the arguments stand as a list.

/** What the text says of one parameter. */
interface Parameter {
  /** null: taken apart by a pattern, so it has no name. */
  readonly name: string | null;
  readonly isRest: boolean;
  /** JSON text of a literal default; anything else would have to be run. */
  readonly defaultText: string | null;
}

const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;
/** Longer heads are not looked through. */
const MAX_SOURCE = 10_000;

/** null where the text cannot be understood: native, bound, or written in a way we do not know. */
export function parametersOf(fn: (...args: never[]) => unknown): readonly Parameter[] | null {
  try {
    const source = Function.prototype.toString.call(fn);
    if (source.endsWith("{ [native code] }")) return null;
    const lone = /^(?:async\s+)?([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*=>/u.exec(source);
    if (lone !== null) return [{ name: lone[1] as string, isRest: false, defaultText: null }];
    const open = source.indexOf("(");
    // A computed method name may hold parentheses of its own.
    if (open < 0 || source.slice(0, open).includes("[")) return null;
    const parts = split(source.slice(open + 1, open + 1 + MAX_SOURCE));
    return parts === null ? null : parts.map(parameterOf);
  } catch {
    return null;
  }
}

/** The text up to the closing parenthesis, cut at the commas of its own level; comments left out. */
function split(text: string): string[] | null {
  const parts: string[] = [];
  let part = "";
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (c === "/" && text[i + 1] === "/") {
      while (i < text.length && text[i] !== "\n") i++;
    } else if (c === "/" && text[i + 1] === "*") {
      i = text.indexOf("*/", i + 2) + 1;
      if (i === 0) return null;
    } else if (c === '"' || c === "'" || c === "`") {
      const end = endOfString(text, i);
      if (end < 0) return null;
      part += text.slice(i, end + 1);
      i = end;
    } else if (depth === 0 && (c === "," || c === ")")) {
      if (part.trim() !== "") parts.push(part.trim());
      part = "";
      if (c === ")") return parts;
    } else {
      if ("([{".includes(c)) depth++;
      else if (")]}".includes(c)) depth--;
      part += c;
    }
  }
  return null;
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === text[start]) return i;
  }
  return -1;
}

function parameterOf(text: string): Parameter {
  const isRest = text.startsWith("...");
  const rest = isRest ? text.slice(3).trim() : text;
  const equals = /^[^=]*?(?==)/.exec(rest);
  const name = (equals === null || "{[".includes(rest[0] as string) ? rest : equals[0]).trim();
  const defaultText = equals === null ? null : literalText(rest.slice(equals[0].length + 1).trim());
  return { name: NAME.test(name) ? name : null, isRest, defaultText };
}

function literalText(text: string): string | null {
  const json = text.startsWith("'") && !/["\\]/.test(text) ? `"${text.slice(1, -1)}"` : text;
  try {
    JSON.parse(json);
    return json;
  } catch {
    return null;
  }
}

/** The arguments by name; `{ args: […] }` where there are no names. */
export function inputsOf(parameters: readonly Parameter[] | null, args: readonly unknown[]): unknown {
  if (parameters === null) return { args };
  if (parameters.length === 1 && parameters[0]?.name === null && isRecord(args[0])) return args[0];
  const inputs: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  parameters.forEach(({ name, isRest, defaultText }, i) => {
    const key = name ?? `arg${String(i)}`;
    if (isRest) inputs[key] = args.slice(i);
    else if (args[i] !== undefined) inputs[key] = args[i];
    else if (defaultText !== null) inputs[key] = JSON.parse(defaultText) as unknown;
  });
  const last = parameters[parameters.length - 1];
  if (args.length > parameters.length && last?.isRest !== true) inputs["args"] = args.slice(parameters.length);
  return inputs;
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
