// `spandrel …`: runs what the arguments ask for and gives the exit code, or null while a server goes on.
import { HELP, parseArguments } from "./args.js";
import type { MlflowSource } from "./mlflow_source.js";
import type { Decoder } from "./decoder.js";
import { addFile } from "./files.js";
import { startViewServer, type ViewServer } from "./view.js";

export interface CommandHost {
  version: string;
  pageDir: string;
  /** Loads the core; only called by commands that read traces. */
  loadDecoder(): Promise<Decoder>;
  print(line: string): void;
  printError(line: string): void;
  openInBrowser(url: string): void;
}

export type CommandResult = { exitCode: number } | RunningView;

export interface RunningView {
  server: ViewServer;
  /** Settles when the first traces of the MLflow server are there, or are known not to come; null without one. */
  mlflow: Promise<void> | null;
  close(): Promise<void>;
}

export async function runCommand(argv: readonly string[], host: CommandHost): Promise<CommandResult> {
  const command = parseArguments(argv);
  switch (command.kind) {
    case "help":
      host.print(HELP.trimEnd());
      return { exitCode: 0 };
    case "version":
      host.print(host.version);
      return { exitCode: 0 };
    case "error":
      host.printError(`spandrel: ${command.message}`);
      host.printError("Try spandrel --help.");
      return { exitCode: 2 };
  }

  let server: ViewServer;
  let source: MlflowSource | null = null;
  try {
    // Only who asks for it pays for its code.
    if (command.mlflow !== null) source = (await import("./mlflow_source.js")).mlflowSource(command.mlflow);
    const decoder = await host.loadDecoder();
    const { port, allowedOrigins } = command;
    server = await startViewServer({ port, allowedOrigins, decoder, pageDir: host.pageDir });
  } catch (error) {
    host.printError(`spandrel: ${error instanceof Error ? error.message : String(error)}`);
    return { exitCode: 1 };
  }

  let failed = 0;
  for (const file of command.files) {
    const { spans, problem } = await addFile(file, server.add);
    if (spans > 0) host.print(`${file}: ${spans} ${spans === 1 ? "span" : "spans"}`);
    if (problem !== undefined) host.printError(`spandrel: ${file}: ${problem}`);
    if (spans === 0) failed += 1;
  }
  if (failed > 0 && failed === command.files.length) {
    await server.close();
    host.printError("spandrel: none of the files could be read");
    return { exitCode: 1 };
  }

  if (command.port !== 0 && server.port !== command.port) host.print(`Port ${command.port} is taken, using ${server.port}.`);
  host.print(`Traces: POST ${server.origin}/v1/traces`);
  host.print(`Page:   ${server.url}`);
  if (command.open) host.openInBrowser(server.url);
  const feed = source?.feedInto(server, host) ?? null;
  return {
    server,
    mlflow: feed === null ? null : feed.start(),
    async close() {
      feed?.close();
      source?.close();
      await server.close();
    },
  };
}
