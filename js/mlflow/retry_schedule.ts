// When a request to a tracking server is sent again: as MLflow's own client does.

/** Of these the server, or what stands before it, may recover. */
const RETRIED_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

const MAX_BACKOFF_MILLIS = 120_000;

export interface RetrySettings {
  /** Further attempts after the first. */
  maxRetries: number;
  /** Seconds; doubled with each retry. */
  backoffFactor: number;
  /** Seconds, at most, that chance adds. */
  backoffJitter: number;
  /** Whether the header beats the schedule. */
  respectsRetryAfter: boolean;
  /** From the first attempt on; what would begin later is not begun. */
  limitMillis: number;
}

/** MLflow's client takes no more. */
export const MOST_RETRIES = 10;

export const DEFAULT_RETRY: Readonly<RetrySettings> = {
  maxRetries: 7,
  backoffFactor: 2,
  backoffJitter: 1,
  respectsRetryAfter: true,
  limitMillis: 500_000,
};

export function isRetriedStatus(status: number): boolean {
  return RETRIED_STATUSES.has(status);
}

/** Milliseconds before retry 1, 2, …: at once, then factor · 2, factor · 4, … seconds, and some chance. `random`: 0 … 1. */
export function retryDelayMillis(
  retry: number,
  retryAfterMillis: number | null,
  random: number,
  settings: RetrySettings,
): number {
  if (retryAfterMillis !== null && settings.respectsRetryAfter) return retryAfterMillis;
  if (retry <= 1) return 0;
  const seconds = settings.backoffFactor * 2 ** (retry - 1) + random * settings.backoffJitter;
  return Math.min(seconds * 1000, MAX_BACKOFF_MILLIS);
}

/** Milliseconds a Retry-After header asks for; null where it says nothing that can be used. */
export function retryAfterMillis(header: string, nowMillis: number): number | null {
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  if (text === "") return null;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(date - nowMillis, 0);
}
