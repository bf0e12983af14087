// Numbers as people read them. Three significant digits; the unit says the size.

export function durationText(ns: number): string {
  if (ns < 1000) return `${String(Math.round(ns))} ns`;
  if (ns < 999_500) return `${digits(ns / 1e3)} µs`;
  if (ns < 999_500_000) return `${digits(ns / 1e6)} ms`;
  if (ns < 60e9) return `${digits(ns / 1e9)} s`;
  const seconds = Math.round(ns / 1e9);
  if (seconds < 3600) return `${String(Math.floor(seconds / 60))} min ${String(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${String(Math.floor(minutes / 60))} h ${String(minutes % 60)} min`;
}

function digits(value: number): string {
  return value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2);
}

export function countText(count: number): string {
  return count.toLocaleString("en-US");
}

/** 999, 1.2k, 34k, 5.6M */
export function shortCount(count: number): string {
  if (count < 1000) return String(count);
  if (count < 999_500) return `${(count / 1000).toFixed(count < 9950 ? 1 : 0)}k`;
  return `${(count / 1e6).toFixed(count < 9.95e6 ? 1 : 0)}M`;
}

export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${String(bytes)} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(bytes < 1e4 ? 1 : 0)} kB`;
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

function dateOf(ns: string): Date {
  return new Date(Number(BigInt(ns) / 1_000_000n));
}

export function isToday(ns: string): boolean {
  return dateOf(ns).toDateString() === new Date().toDateString();
}

/** 14:03:07; with the date where it is not today. */
export function clockText(ns: string): string {
  const date = dateOf(ns);
  const time = date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  if (isToday(ns)) return time;
  return `${date.toLocaleDateString(undefined, { day: "numeric", month: "short" })} ${time}`;
}

/** 2026-11-21 14:03:07.123456789, local time, every digit. */
export function exactTimeText(ns: string): string {
  const date = dateOf(ns);
  if (Number.isNaN(date.getTime())) return `${ns} ns`;
  const two = (value: number): string => String(value).padStart(2, "0");
  const fraction = (BigInt(ns) % 1_000_000_000n).toString().padStart(9, "0");
  const day = `${String(date.getFullYear())}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${fraction}`;
}

/** Nanoseconds between two decimal texts, exact up to 104 days. */
export function nsBetween(from: string, to: string): number {
  return Number(BigInt(to) - BigInt(from));
}

/** Places of about `count` ticks at round values from 0 to `span`. */
export function ticks(span: number, count: number): number[] {
  if (!(span > 0) || count < 1) return [0];
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= raw) ?? raw;
  const out: number[] = [];
  for (let at = 0; at <= span * 1.0001; at += step) out.push(at);
  return out;
}

/** A tick's label; without needless zeros. */
export function tickText(ns: number): string {
  if (ns === 0) return "0";
  const [value, unit] = ns < 1e3 ? [ns, "ns"] : ns < 1e6 ? [ns / 1e3, "µs"] : ns < 1e9 ? [ns / 1e6, "ms"] : [ns / 1e9, "s"];
  if (unit === "s" && value >= 120) return durationText(ns);
  return `${String(Number(value.toPrecision(4)))} ${unit}`;
}

/** US dollars; three digits that say something: $1.23, $0.00041. */
export function costText(dollars: number): string {
  return `$${String(Number(dollars.toPrecision(3)))}`;
}
