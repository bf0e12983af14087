// Trace files named on the command line: OTLP protobuf, OTLP JSON, MLflow's traces as JSON, JSON lines of either, also
// gzip.
// What a file is, is told by its content, never by its name.
import { open } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import type { Encoding } from "./answers.js";
import { isJson } from "../viewer/json_bytes.js";
import type { CheckResult } from "./decoder.js";

/** A file, packed or not, must fit into this: it is read whole. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

export type AddRequest = (bytes: Uint8Array, encoding: Encoding) => CheckResult;

export interface FileOutcome {
  spans: number;
  /** What was wrong, in words for the terminal; readable spans were added all the same. */
  problem?: string;
}

export async function addFile(path: string, add: AddRequest): Promise<FileOutcome> {
  let bytes: Buffer;
  try {
    bytes = unpack(await readBounded(path));
  } catch (error) {
    return { spans: 0, problem: explain(error) };
  }
  return isJson(bytes) ? addJson(bytes, add) : outcome(add(bytes, "protobuf"));
}

// A pretty-printed file has lines too; it is JSON lines only where its first line stands alone.
function addJson(bytes: Buffer, add: AddRequest): FileOutcome {
  const lines = nonEmptyLines(bytes);
  const [firstLine, secondLine] = lines;
  if (!firstLine || !secondLine || !looksWhole(firstLine)) return outcome(add(bytes, "json"));
  let spans = 0;
  let problem: string | undefined;
  lines.forEach((line, index) => {
    const one = outcome(add(Uint8Array.from(line), "json")); // a copy: the store may drop one line and keep the next
    spans += one.spans;
    if (one.problem) problem ??= `line ${index + 1}: ${one.problem}`;
  });
  return problem === undefined ? { spans } : { spans, problem };
}

const BLANKS = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]); // white space, and a byte order mark's bytes
const NEW_LINE = 0x0a;

function nonEmptyLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(NEW_LINE, start);
    const stop = end < 0 ? bytes.length : end;
    const line = bytes.subarray(start, stop);
    if (line.some((byte) => !BLANKS.has(byte))) lines.push(line);
    start = stop + 1;
  }
  return lines;
}

function looksWhole(line: Buffer): boolean {
  try {
    JSON.parse(line.toString());
    return true;
  } catch {
    return false;
  }
}

async function readBounded(path: string): Promise<Buffer> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    if (size > MAX_FILE_BYTES) throw new Error(`larger than ${MAX_FILE_BYTES} bytes`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

function unpack(bytes: Buffer): Buffer {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return isGzip ? gunzipSync(bytes, { maxOutputLength: MAX_FILE_BYTES }) : bytes;
}

function outcome(checked: CheckResult): FileOutcome {
  const { spans, rejected, error } = checked;
  if (error) return { spans, problem: `${error.message} at byte ${error.offset}` };
  if (!rejected) return { spans };
  return { spans, problem: rejected.spans === 0 ? rejected.message : `${rejected.spans} spans left out: ${rejected.message}` };
}

function explain(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "no such file";
  if (code === "EISDIR") return "is a folder";
  if (code === "EACCES") return "may not be read";
  if (code === "ERR_BUFFER_TOO_LARGE") return `larger than ${MAX_FILE_BYTES} bytes when unpacked`;
  return message;
}
