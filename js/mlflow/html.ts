// Text into HTML.

import { wellFormed } from "../tracing/values.js";
import { visibleText } from "./value_text.js";

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" };

/** For text and for quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] as string);
}

/** Somebody else's text, for reading: at most `limit` characters, nothing in it acts. */
export function shownText(text: string, limit: number): string {
  return escapeHtml(visibleText(wellFormed(text.length > limit ? `${text.slice(0, limit)}…` : text)));
}
