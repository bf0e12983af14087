// The command line of `spandrel`, as a value: what was asked for, or what is wrong with it.
import { isOrigin } from "./guard.js";

export type Command =
  | { kind: "help" }
  | { kind: "version" }
  | { kind: "error"; message: string }
  | { kind: "view"; files: string[]; port: number; open: boolean; allowedOrigins: string[]; mlflow: MlflowArguments | null };

export interface MlflowArguments {
  trackingUri: string;
  /** Ids or names; empty: all of the server. */
  experiments: string[];
  /** Tables of a Databricks workspace; instead of experiments. */
  locations: string[];
  maxTraces: number;
}

const DEFAULT_MAX_TRACES = 100;
const MOST_TRACES = 10_000;

export const HELP = `Usage: spandrel view [files…] [options]

Receives traces by OTLP/HTTP and shows them on a local page, on this machine only.
Files are shown from the start: OTLP as protobuf, JSON or JSON lines, traces of MLflow as JSON, each also gzip.
With --tracking-uri the newest traces of an MLflow server are shown too, and new ones while the page is open.

Options
  --port <number>           first port to try (default 4318; 0: any free one)
  --open                    opens the page in the browser
  --allow-origin <origin>   a page of this origin may send traces (never read); may be repeated
  --tracking-uri <uri>      an MLflow server, such as http://127.0.0.1:5000; who asks is told by the variables
                            MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN;
                            or a Databricks workspace: databricks, or databricks://profile
  --experiment <name or id> only traces of this experiment; may be repeated (default: all experiments)
  --location <catalog.schema[.table_prefix]>
                            only traces in these tables of a Databricks workspace; may be repeated
  --max-traces <number>     as many of the newest traces at first (default ${String(DEFAULT_MAX_TRACES)}, at most ${String(MOST_TRACES)})
  --help, --version
`;

export function parseArguments(argv: readonly string[]): Command {
  const [name, ...rest] = argv;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") return { kind: "help" };
  if (name === "--version" || name === "-v") return { kind: "version" };
  if (name !== "view") return wrong(name.startsWith("-") ? `unknown option ${name}` : `unknown command ${name}`);

  const command = { kind: "view" as const, files: [] as string[], port: 4318, open: false, allowedOrigins: [] as string[] };
  const mlflow = { trackingUri: "", experiments: [] as string[], locations: [] as string[], maxTraces: 0 };
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
    if (!WITH_VALUE.has(option)) return wrong(`unknown option ${option}`);
    const value = inline ?? rest[++index];
    if (value === undefined || (value === "" && option !== "--port")) return wrong(`${option} needs a value`);
    switch (option) {
      case "--allow-origin":
        if (!isOrigin(value)) return wrong(`--allow-origin needs an origin such as http://localhost:3000, not ${value}`);
        command.allowedOrigins.push(value);
        break;
      case "--tracking-uri":
        mlflow.trackingUri = value;
        break;
      case "--experiment":
        mlflow.experiments.push(value);
        break;
      case "--location":
        if (!/^[^.\s]+\.[^.\s]+(?:\.[^.\s]+)?$/.test(value))
          return wrong(`--location needs catalog.schema or catalog.schema.table_prefix, not ${value}`);
        mlflow.locations.push(value);
        break;
      case "--max-traces":
        if (!/^\d{1,5}$/.test(value) || Number(value) < 1 || Number(value) > MOST_TRACES)
          return wrong(`--max-traces needs a number from 1 to ${String(MOST_TRACES)}, not ${value}`);
        mlflow.maxTraces = Number(value);
        break;
      default:
        if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535)
          return wrong(`--port needs a number from 0 to 65535, not ${value}`);
        command.port = Number(value);
    }
  }
  if (mlflow.experiments.length > 0 && mlflow.locations.length > 0)
    return wrong("--experiment and --location do not go together: a workspace searches one kind at a time");
  if (mlflow.trackingUri !== "") return { ...command, mlflow: { ...mlflow, maxTraces: mlflow.maxTraces || DEFAULT_MAX_TRACES } };
  if (mlflow.experiments.length > 0) return wrong("--experiment needs --tracking-uri");
  if (mlflow.locations.length > 0) return wrong("--location needs --tracking-uri");
  if (mlflow.maxTraces > 0) return wrong("--max-traces needs --tracking-uri");
  return { ...command, mlflow: null };
}

const WITH_VALUE: ReadonlySet<string> = new Set([
  "--port",
  "--allow-origin",
  "--tracking-uri",
  "--experiment",
  "--location",
  "--max-traces",
]);

function wrong(message: string): Command {
  return { kind: "error", message };
}
