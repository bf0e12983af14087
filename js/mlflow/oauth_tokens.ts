// Access tokens of a Databricks service principal (OAuth, client credentials): fetched when the first request needs
// one, renewed shortly before they end, asked for once however many requests wait.

import type { HttpAnswer } from "../export/transport.js";
import type { Clock } from "../tracing/clock.js";
import { parseJson } from "../tracing/json.js";
import { MlflowHttpError } from "./http_error.js";
import { bearer, basic } from "./authorization.js";
import type { OAuthClient } from "./databricks_login.js";
import type { RestRequest } from "./rest_client.js";

/** Where a workspace hands them out. */
const TOKEN_PATH = "/oidc/v1/token";
/** A token that ends sooner is not used any more. */
const MARGIN_MILLIS = 40_000;
const DEFAULT_LIFE_SECONDS = 3_600;

interface Token {
  authorization: string;
  /** Wall clock. */
  endMillis: number;
}

export class OAuthTokens {
  readonly #client: OAuthClient;
  readonly #clock: Clock;
  readonly #ask: (request: RestRequest) => Promise<HttpAnswer>;
  #token: Token | null = null;
  #asking: Promise<Token> | null = null;

  /** `ask` sends without an access token, and repeats as any other request. */
  constructor(client: OAuthClient, clock: Clock, ask: (request: RestRequest) => Promise<HttpAnswer>) {
    this.#client = client;
    this.#clock = clock;
    this.#ask = ask;
  }

  /** The header's value. Rejects with TraceError where none can be had. */
  async authorization(): Promise<string> {
    if (this.#token !== null && this.#clock.wallMillis() < this.#token.endMillis) return this.#token.authorization;
    this.#asking ??= this.#fetch().finally(() => {
      this.#asking = null;
    });
    this.#token = await this.#asking;
    return this.#token.authorization;
  }

  /** It was refused, before its end. */
  forget(authorization: string): void {
    if (this.#token?.authorization === authorization) this.#token = null;
  }

  async #fetch(): Promise<Token> {
    const { clientId, clientSecret } = this.#client;
    const answer = await this.#ask({
      method: "POST",
      path: TOKEN_PATH,
      headers: { authorization: basic(clientId, clientSecret), accept: "application/json" },
      body: {
        type: "application/x-www-form-urlencoded",
        bytes: new TextEncoder().encode("grant_type=client_credentials&scope=all-apis"),
      },
    });
    if (answer.kind !== "answer")
      throw this.#failure(null, answer.kind === "none" ? `no answer (${answer.cause})` : "the answer is too large");
    const body = objectOf(answer.body);
    const { access_token: token, expires_in: life, error, error_description: description } = body;
    if (answer.status !== 200 || typeof token !== "string" || token === "") {
      const said = [error, description].filter((text) => typeof text === "string").join(": ");
      throw this.#failure(answer.status, said === "" ? `it answered ${String(answer.status)} without a token` : said);
    }
    const seconds = Number(life ?? DEFAULT_LIFE_SECONDS);
    const millis = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
    return { authorization: bearer(token), endMillis: this.#clock.wallMillis() + millis - Math.min(MARGIN_MILLIS, millis / 2) };
  }

  #failure(status: number | null, why: string): MlflowHttpError {
    const isRefused = status !== null && status >= 400 && status < 500 && status !== 429;
    return new MlflowHttpError(
      isRefused ? "UNAUTHENTICATED" : "TEMPORARILY_UNAVAILABLE",
      `the Databricks workspace gave the client '${this.#client.clientId}' no access token: ${why.slice(0, 500)}` +
        (isRefused ? ". Check client id and client secret" : ""),
      status,
    );
  }
}

function objectOf(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value = parseJson(new TextDecoder().decode(bytes.subarray(0, 1 << 20)));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
