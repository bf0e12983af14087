// `spandrel view --tracking-uri`: brings the traces of an MLflow server into the receiver's store, as if they had been
// posted, and goes on looking for new ones while a page is open.
//
// The first round starts at once and takes the newest traces, up to a number and half of the store's bytes. Later
// rounds take what is new or has changed. Whatever goes wrong with the server is told in one line, once, until it
// answers again; the receiver goes on. Between rounds that fail the wait doubles.
import { createHash } from "node:crypto";
import { isMissingEndpoint, MlflowHttpError } from "../mlflow/http_error.js";
import type { AddRequest } from "./files.js";
import { allExperiments, findExperiment, MAX_EXPERIMENTS, type Experiment, type Rest } from "./mlflow_experiments.js";
import { searchTablePage } from "./mlflow_tables.js";
import { BATCH, fetchTraces, searchPage, type Info, type Page } from "./mlflow_traces.js";

export interface FeedOptions {
  rest: Rest;
  /** As people know the server: its address, without a password. */
  server: string;
  /** Ids or names; none: all experiments of the server. */
  experiments: readonly string[];
  /** "catalog.schema" or "catalog.schema.table_prefix" in a Databricks workspace: then no experiment is looked at. */
  locations?: readonly string[];
  /** Of the first round; also as many new ones as a later round takes. */
  maxTraces: number;
  /** The first round ends when it has added this much. */
  maxBytes: number;
  add: AddRequest;
  /** True while a page is open. */
  isWatched(): boolean;
  print(line: string): void;
  printError(line: string): void;
  /** Runs later; returns its canceller. */
  schedule(run: () => void, delayMillis: number): () => void;
}

const POLL_MILLIS = 3_000;
/** A search of tables is work for a warehouse. */
const TABLE_POLL_MILLIS = 30_000;
/** Infos of one search. */
const FIRST_PAGE = 100;
const LATER_PAGE = 25;
const LONGEST_WAIT_MILLIS = 60_000;
/** Infos remembered, so that what has not changed is not fetched again. */
const MAX_KNOWN = 20_000;

export class MlflowFeed {
  readonly #options: FeedOptions;
  /** Digest of the info that a trace was last fetched with, the latest last. */
  readonly #known = new Map<string, string>();
  /** Digest of the spans of traces under way: their info does not change while they grow. */
  readonly #underWay = new Map<string, string>();
  readonly #missing = new Set<string>();
  readonly #told = new Set<string>();
  #experiments: Experiment[] | null = null;
  #cancel: (() => void) | null = null;
  #failures = 0;
  #isFirst = true;
  #isClosed = false;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  get #tables(): readonly string[] {
    return this.#options.locations ?? [];
  }

  /** The first round. Never rejects; later rounds follow by themselves. */
  async start(): Promise<void> {
    await this.#round();
    this.#wait();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
  }

  #wait(): void {
    if (this.#isClosed) return;
    const shortest = this.#tables.length > 0 ? TABLE_POLL_MILLIS : POLL_MILLIS;
    const delay = Math.min(shortest * 2 ** this.#failures, LONGEST_WAIT_MILLIS);
    this.#cancel = this.#options.schedule(() => {
      if (this.#options.isWatched()) void this.start();
      else this.#wait();
    }, delay);
  }

  async #round(): Promise<void> {
    try {
      await (this.#tables.length > 0 ? this.#takeFromTables() : this.#takeFromExperiments());
      if (this.#failures > 0) this.#options.print(`${this.#options.server} answers again.`);
      this.#failures = 0;
    } catch (error) {
      if (this.#isClosed) return;
      if (this.#failures++ === 0) this.#options.printError(`spandrel: ${this.#inWords(error)}`);
    }
  }

  // --- experiments --------------------------------------------------------------------------------

  /** Looked up once; those that are missing again in each round, since they may be made meanwhile. */
  async #findExperiments(): Promise<Experiment[]> {
    const { rest, experiments: names, server, printError } = this.#options;
    if (names.length === 0) {
      const all = await allExperiments(rest);
      if (all.length === MAX_EXPERIMENTS) {
        this.#tellOnce(`only the ${String(MAX_EXPERIMENTS)} experiments changed last are looked at; name others by --experiment`);
      }
      return (this.#experiments = all);
    }
    const wanted = this.#experiments === null ? names : [...this.#missing];
    this.#experiments ??= [];
    for (const name of wanted) {
      const found = await findExperiment(rest, name);
      if (found === null) {
        if (!this.#missing.has(name))
          printError(`spandrel: there is no experiment "${name}" on ${server}; it is looked for again`);
        this.#missing.add(name);
      } else {
        this.#missing.delete(name);
        if (!this.#experiments.some(({ id }) => id === found.id)) this.#experiments.push(found);
      }
    }
    return this.#experiments;
  }

  // --- traces -------------------------------------------------------------------------------------

  async #takeFromExperiments(): Promise<void> {
    const experiments = await this.#findExperiments();
    if (experiments.length === 0) return;
    const { rest } = this.#options;
    const ids = experiments.map(({ id }) => id);
    const names = experiments.map(({ name }) => name);
    await this.#takeNewest((max, token) => searchPage(rest, ids, max, token), placesInWords("experiment", names));
  }

  async #takeFromTables(): Promise<void> {
    const { rest } = this.#options;
    const tables = this.#tables;
    await this.#takeNewest((max, token) => searchTablePage(rest, tables, max, token), placesInWords("location", tables));
  }

  async #takeNewest(search: (max: number, token: string | null) => Promise<Page>, where: string): Promise<void> {
    const { maxTraces, maxBytes } = this.#options;
    let token: string | null = null;
    let traces = 0;
    let bytes = 0;
    let isMore = false;
    do {
      const page = await search(Math.min(maxTraces - traces, this.#isFirst ? FIRST_PAGE : LATER_PAGE), token);
      const wanted = page.infos.filter((info) => this.#isNews(info)).slice(0, maxTraces - traces);
      for (const batch of batchesOf(wanted)) {
        if (bytes >= maxBytes || this.#isClosed) break;
        bytes += await this.#take(batch);
        traces += batch.length;
      }
      token = page.nextPageToken;
      isMore = token !== null || wanted.length < page.infos.length;
      // A later round is done where it meets what is known.
      if (!this.#isFirst && wanted.length < page.infos.length) break;
    } while (token !== null && traces < maxTraces && bytes < maxBytes && !this.#isClosed);
    if (this.#isFirst) this.#tellFirst(where, traces, isMore && (traces >= maxTraces || bytes >= maxBytes));
    this.#isFirst = false;
  }

  /** All under way, or none of them. How many bytes were added. */
  async #take(infos: readonly Info[]): Promise<number> {
    const { add } = this.#options;
    const { bodies, problems } = await fetchTraces(this.#options.rest, infos);
    for (const problem of problems) this.#tellOnce(problem);
    let bytes = 0;
    for (const body of bodies) {
      if (this.#isClosed) return bytes;
      if (this.#isUnchanged(infos, body)) continue;
      const { error, rejected } = add(body, "json");
      bytes += body.byteLength;
      if (error) this.#tellOnce(`part of an answer could not be read: ${error.message} at byte ${String(error.offset)}`);
      else if (rejected) this.#tellOnce(`${String(rejected.spans)} spans of an answer were left out: ${rejected.message}`);
    }
    for (const info of infos) this.#remember(info);
    return bytes;
  }

  /** New, changed, or still growing. */
  #isNews(info: Info): boolean {
    return isUnderWay(info) || this.#known.get(info.trace_id) !== digest(JSON.stringify(info, bigintAsText));
  }

  /** Traces under way are asked for in each round; what they say is only added where it is another. */
  #isUnchanged(infos: readonly Info[], body: Uint8Array): boolean {
    if (!infos.every(isUnderWay)) return false;
    const key = infos.map((info) => info.trace_id).join(" ");
    const now = digest(body);
    if (this.#underWay.get(key) === now) return true;
    this.#underWay.set(key, now);
    if (this.#underWay.size > 100) this.#underWay.delete(this.#underWay.keys().next().value as string);
    return false;
  }

  #remember(info: Info): void {
    this.#known.delete(info.trace_id);
    this.#known.set(info.trace_id, digest(JSON.stringify(info, bigintAsText)));
    if (this.#known.size > MAX_KNOWN) this.#known.delete(this.#known.keys().next().value as string);
  }

  // --- words --------------------------------------------------------------------------------------

  #tellFirst(where: string, traces: number, isCut: boolean): void {
    const { server, print } = this.#options;
    const count = `${String(traces)} ${traces === 1 ? "trace" : "traces"}`;
    print(`MLflow: ${count} from ${where} of ${server}${isCut ? "; there are older ones (--max-traces)" : ""}`);
  }

  #tellOnce(line: string): void {
    if (this.#told.has(line) || this.#told.size >= 100) return;
    this.#told.add(line);
    this.#options.printError(`spandrel: ${line}`);
  }

  #inWords(error: unknown): string {
    const text = error instanceof Error ? error.message : String(error);
    const { isDatabricks } = this.#options.rest.settings;
    if (error instanceof MlflowHttpError && error.httpStatus === 401 && !isDatabricks) {
      return `${this.#options.server} wants to know who asks: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN (401)`;
    }
    if (isMissingEndpoint(error) && !isDatabricks)
      return `${this.#options.server} is no MLflow server, or one older than 3.0 (${text})`;
    return text;
  }
}

function placesInWords(what: string, names: readonly string[]): string {
  return names.length === 1 ? `${what} "${names[0] ?? ""}"` : `${String(names.length)} ${what}s`;
}

function isUnderWay(info: Info): boolean {
  return info["state"] === "IN_PROGRESS";
}

/** Traces under way are apart: they come again and again. */
function batchesOf(infos: readonly Info[]): Info[][] {
  const batches: Info[][] = [];
  for (const group of [infos.filter((info) => !isUnderWay(info)), infos.filter(isUnderWay)]) {
    for (let at = 0; at < group.length; at += BATCH) batches.push(group.slice(at, at + BATCH));
  }
  return batches;
}

function digest(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("base64");
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
