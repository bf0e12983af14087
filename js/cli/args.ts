// The command line of `spandrel`, as a value: what was asked for, or what is wrong with it.
import { isOrigin } from "./guard.js";

export type Command =
  | { kind: "help" }
  | { kind: "version" }
  | { kind: "error"; message: string }
  | { kind: "view"; files: string[]; port: number; open: boolean; allowedOrigins: string[] };

export const HELP = `Usage: spandrel view [files…] [options]

Receives traces by OTLP/HTTP and shows them on a local page, on this machine only.
Files (OTLP as protobuf, JSON or JSON lines, also gzip) are shown from the start.

Options
  --port <number>           first port to try (default 4318; 0: any free one)
  --open                    opens the page in the browser
  --allow-origin <origin>   a page of this origin may send traces (never read); may be repeated
  --help, --version
`;

export function parseArguments(argv: readonly string[]): Command {
  const [name, ...rest] = argv;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") return { kind: "help" };
  if (name === "--version" || name === "-v") return { kind: "version" };
  if (name !== "view") return wrong(name.startsWith("-") ? `unknown option ${name}` : `unknown command ${name}`);

  const command = { kind: "view" as const, files: [] as string[], port: 4318, open: false, allowedOrigins: [] as string[] };
  let onlyFiles = false;
  for (let index = 0; index < rest.length; index += 1) {
    const word = rest[index] ?? "";
    if (onlyFiles || !word.startsWith("-")) {
      command.files.push(word);
      continue;
    }
    if (word === "--") {
      onlyFiles = true;
      continue;
    }
    const equals = word.indexOf("=");
    const option = equals < 0 ? word : word.slice(0, equals);
    const inline = equals < 0 ? null : word.slice(equals + 1);
    if (option === "--help" || option === "-h") return { kind: "help" };
    if (option === "--open") {
      if (inline !== null) return wrong("--open takes no value");
      command.open = true;
      continue;
    }
    if (option !== "--port" && option !== "--allow-origin") return wrong(`unknown option ${option}`);
    const value = inline ?? rest[++index];
    if (value === undefined) return wrong(`${option} needs a value`);
    if (option === "--allow-origin") {
      if (!isOrigin(value)) return wrong(`--allow-origin needs an origin such as http://localhost:3000, not ${value}`);
      command.allowedOrigins.push(value);
      continue;
    }
    if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535) return wrong(`--port needs a number from 0 to 65535, not ${value}`);
    command.port = Number(value);
  }
  return command;
}

function wrong(message: string): Command {
  return { kind: "error", message };
}
