// Attachments from a span's inputs to a tracking server and back, and every way in which that goes wrong: the trace
// is not affected by any of them.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Attachment,
  flushTraces,
  init,
  MlflowExporter,
  startSpan,
  stats,
  TraceError,
  TracingClient,
  updateCurrentTrace,
  withSpan,
  type LiveSpan,
} from "../../../js/index.js";
import type { AttachmentCounts } from "../../../js/export/trace_exporter.js";
import type { TraceKeeper } from "../../../js/load/trace_keeper.js";
import { InMemorySpanExporter } from "../../../js/testing/index.js";
import { tracer } from "../../../js/tracing/realm.js";
import { TestLogger } from "../tracing/harness.js";
import { answer, closeScriptServers, jsonOf, ScriptServer, type Asked, type Reply } from "./script_server.js";

const PNG = Uint8Array.from([137, 80, 78, 71, 0, 255]);
const PNG_URI = `data:image/png;base64,${Buffer.from(PNG).toString("base64")}`;
const REFERENCE = /mlflow-attachment:\/\/([\da-f-]{36})\?content_type=image%2Fpng&trace_id=(tr-[\da-f]{32})&size=6/;
const logger = new TestLogger();
let server: ScriptServer;
/** What stands in the server's experiment. */
let artifactLocation: string;
/** Answers of the test's own. */
let own: (asked: Asked) => Reply | null;

interface SentInfo {
  trace_id: string;
  state: string;
  request_preview: string;
  response_preview: string;
  trace_metadata: Record<string, string>;
  tags?: Record<string, string>;
}

const reply: Reply = (response, asked, count) => {
  const given = own(asked);
  if (given !== null) return given(response, asked, count);
  if (asked.path.endsWith("/experiments/get"))
    return answer({ experiment: { experiment_id: "0", artifact_location: artifactLocation } })(response, asked, count);
  if (asked.method === "GET" && asked.path.includes("/traces/tr-")) {
    const id = asked.path.split("/").at(-1) ?? "";
    return answer({ trace: { trace_info: stored({ trace_id: id }) } })(response, asked, count);
  }
  if (asked.path !== "/api/3.0/mlflow/traces") return answer("")(response, asked, count);
  return answer({ trace: { trace_info: stored(infoOf(asked)) } })(response, asked, count);
};

function stored<T extends { trace_id: string; tags?: Record<string, string> }>(info: T): T {
  const tags = {
    ...info.tags,
    "mlflow.trace.spansLocation": "TRACKING_STORE",
    "mlflow.artifactLocation": `mlflow-artifacts:/0/traces/${info.trace_id}/artifacts`,
  };
  return { trace_location: { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: "0" } }, state: "OK", ...info, tags };
}

function infoOf(asked: Asked): SentInfo {
  return (jsonOf(asked) as { trace: { trace_info: SentInfo } }).trace.trace_info;
}

function clientOf(): TracingClient {
  return new TracingClient({ trackingUri: server.url, logger, retry: { maxRetries: 0 } });
}

async function use(): Promise<void> {
  await init({ exporter: new MlflowExporter({ client: clientOf(), logger, async: false }), logger });
}

function asked(path: string, method?: string): Asked[] {
  return server.asked.filter((each) => each.path.includes(path) && (method === undefined || each.method === method));
}
const uploads = (): Asked[] => asked("/mlflow-artifacts/", "PUT");
const sentSpans = (): string =>
  asked("/v1/traces")
    .map(({ body }) => body.toString("latin1"))
    .join("");
const sentInfo = (): SentInfo => infoOf(asked("/api/3.0/mlflow/traces", "POST").at(-1) as Asked);

/** Of the last destination. */
function counts(): AttachmentCounts | undefined {
  return Object.values(stats().destinations).at(-1)?.attachments;
}
function delivered(): number {
  return Object.values(stats().destinations).at(-1)?.delivered ?? -1;
}

async function ask(inputs: unknown): Promise<void> {
  withSpan({ name: "ask", inputs }, () => "done");
  await flushTraces();
}

beforeAll(async () => {
  await init({ exporter: "none", logger });
  server = await ScriptServer.start(reply);
});
beforeEach(() => {
  own = () => null;
  artifactLocation = "mlflow-artifacts:/0";
  server.asked.length = 0;
  logger.lines.length = 0;
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith("MLFLOW_")) Reflect.deleteProperty(process.env, name);
  for (const { produced, delivered, pending, dropped } of Object.values(stats().destinations))
    expect(delivered + pending + Object.values(dropped).reduce((a, b) => a + b, 0)).toBe(produced);
});
afterAll(async () => {
  (tracer().observer as TraceKeeper | null)?.stop();
  await closeScriptServers();
});

describe("on the way to a server that takes files", () => {
  test("a data URI leaves as a reference, its content as a file beside the trace, after the info", async () => {
    await use();
    await ask({ question: "what is this?", image: PNG_URI });

    expect(server.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /api/2.0/mlflow/experiments/get",
      "POST /v1/traces",
      "POST /api/3.0/mlflow/traces",
      expect.stringMatching(
        /^PUT \/api\/2.0\/mlflow-artifacts\/artifacts\/0\/traces\/tr-[\da-f]{32}\/artifacts\/attachments\/[\da-f-]{36}$/,
      ),
    ]);
    const [, id, traceId] = REFERENCE.exec(sentSpans()) ?? [];
    expect(sentSpans()).not.toContain("base64,");
    expect(uploads()[0]?.path).toBe(
      `/api/2.0/mlflow-artifacts/artifacts/0/traces/${String(traceId)}/artifacts/attachments/${String(id)}`,
    );
    expect(new Uint8Array(uploads()[0]?.body ?? [])).toEqual(PNG);
    expect(counts()).toEqual({ uploaded: 1, failed: 0, tooLarge: 0 });
    expect(logger.lines).toEqual([]);
  });

  test("what the trace shows of its inputs and outputs names the attachment too", async () => {
    await use();
    withSpan({ name: "ask", inputs: PNG_URI }, (span) => {
      span.setOutputs({ image: PNG_URI });
    });
    await flushTraces();
    const { request_preview, response_preview, trace_metadata } = sentInfo();
    for (const text of [
      request_preview,
      response_preview,
      trace_metadata["mlflow.traceInputs"],
      trace_metadata["mlflow.traceOutputs"],
    ])
      expect(text).toMatch(REFERENCE);
    expect(uploads()).toHaveLength(2);
  });

  test("a preview of the user's own stays", async () => {
    await use();
    withSpan({ name: "ask", inputs: PNG_URI }, () => {
      updateCurrentTrace({ requestPreview: "a picture" });
    });
    await flushTraces();
    expect(sentInfo().request_preview).toBe("a picture");
  });

  test("only inputs and outputs are looked at", async () => {
    await use();
    withSpan({ name: "ask", inputs: PNG_URI }, (span) => {
      span.setAttribute("thumbnail", PNG_URI);
    });
    await flushTraces();
    expect(sentSpans()).toContain(PNG_URI);
    expect(uploads()).toHaveLength(1);
  });

  test("an Attachment in inputs keeps its id, in every span that holds it", async () => {
    await use();
    const picture = new Attachment({ contentType: "image/png", contentBytes: PNG });
    withSpan({ name: "ask", inputs: { picture } }, () => withSpan({ name: "look", inputs: [picture] }, () => 1));
    await flushTraces();
    expect(sentSpans().split(picture.id)).toHaveLength(3);
    expect(uploads().map(({ path }) => path.split("/").at(-1))).toEqual([picture.id]);
  });

  test("the store is asked about once, and not for traces without attachments", async () => {
    await use();
    await ask("a question");
    expect(asked("/experiments/get")).toHaveLength(0);
    await ask(PNG_URI);
    await ask(PNG_URI);
    expect(asked("/experiments/get")).toHaveLength(1);
    expect(uploads()).toHaveLength(2);
  });

  test("the traced program sees what it set", async () => {
    await use();
    withSpan({ name: "ask", inputs: { image: PNG_URI } }, (span) => {
      expect((span as LiveSpan).inputs).toEqual({ image: PNG_URI });
    });
    await flushTraces();
  });

  test("a span that ends after its trace has left brings its attachment along, by the info the server has", async () => {
    await use();
    await ask("first"); // the server has taken spans
    const root = startSpan({ name: "root", parent: null });
    const { traceId } = root;
    const late = root.startSpan({ name: "late", inputs: PNG_URI });
    root.end();
    await flushTraces();
    server.asked.length = 0;
    late.end();
    await flushTraces();
    expect(asked(`/api/3.0/mlflow/traces/${traceId}`, "GET").length + asked("/api/3.0/mlflow/traces", "POST").length).toBe(1);
    expect(uploads()).toHaveLength(1);
  });
});

describe("contents stay in their spans", () => {
  test("where the server's files are in a store of their own", async () => {
    artifactLocation = "s3://bucket/0";
    await use();
    await ask(PNG_URI);
    await ask(PNG_URI);
    expect(sentSpans()).toContain(PNG_URI);
    expect(sentInfo().request_preview).toBe(JSON.stringify(PNG_URI));
    expect(uploads()).toHaveLength(0);
    expect(asked("/experiments/get")).toHaveLength(1);
    expect(counts()).toBeUndefined();
  });

  test("where the server does not say; it is asked again with the next", async () => {
    own = ({ path }) => (path.endsWith("/experiments/get") ? answer("", 503) : null);
    await use();
    await ask(PNG_URI);
    expect(sentSpans()).toContain(PNG_URI);
    expect(delivered()).toBe(1);
    own = () => null;
    server.asked.length = 0;
    await ask(PNG_URI);
    expect(sentSpans()).toMatch(REFERENCE);
  });

  test("where the switch is off, but for an Attachment", async () => {
    process.env["MLFLOW_TRACE_EXTRACT_ATTACHMENTS"] = "false";
    await use();
    const picture = new Attachment({ contentType: "image/png", contentBytes: PNG });
    await ask([PNG_URI, picture]);
    expect(sentSpans()).toContain(PNG_URI);
    expect(sentSpans()).toContain(`mlflow-attachment://${picture.id}?`);
    expect(uploads()).toHaveLength(1);
  });

  test("for every other destination", async () => {
    const exporter = new InMemorySpanExporter();
    await init({ exporter, logger });
    const picture = new Attachment({ contentType: "image/png", contentBytes: PNG });
    await ask([PNG_URI, picture]);
    expect(exporter.spans[0]?.inputs).toEqual([PNG_URI, picture.toJSON()]);
  });

  test("where they are no data URIs but only look like some", async () => {
    await use();
    await ask({ a: "data:image/png;base64,not base64!", b: "data:text/plain,hello", c: "aGVsbG8=" });
    expect(asked("/experiments/get")).toHaveLength(0);
    expect(uploads()).toHaveLength(0);
  });
});

describe("what goes wrong does not touch the trace", () => {
  test.each([500, 403])("an upload answered %d: one warning, counted", async (status) => {
    own = ({ method }) => (method === "PUT" ? answer("no", status) : null);
    await use();
    await ask([PNG_URI, PNG_URI]);
    expect(delivered()).toBe(1);
    expect(counts()).toEqual({ uploaded: 0, failed: 2, tooLarge: 0 });
    const told = logger.lines.filter((line) => /Failed to upload an attachment/.test(line));
    expect(told).toHaveLength(1);
  });

  test("a trace that does not arrive takes its attachments along", async () => {
    own = ({ path }) => (path === "/v1/traces" || path === "/api/3.0/mlflow/traces" ? answer("no", 400) : null);
    await use();
    await ask(PNG_URI);
    expect(uploads()).toHaveLength(0);
    expect(counts()).toEqual({ uploaded: 0, failed: 1, tooLarge: 0 });
  });

  test("spans that arrived without their info have their attachments by what the server made of them", async () => {
    own = ({ path, method }) => (path === "/api/3.0/mlflow/traces" && method === "POST" ? answer("no", 400) : null);
    await use();
    await ask(PNG_URI);
    expect(uploads()).toHaveLength(1);
    expect(counts()).toEqual({ uploaded: 1, failed: 0, tooLarge: 0 });
  });

  test("a content beyond the limit becomes a text, an exception event and an error", async () => {
    process.env["MLFLOW_TRACE_MAX_ATTACHMENT_SIZE"] = "5";
    await use();
    await ask(PNG_URI);
    expect(sentSpans()).toContain("[Attachment too large: 6 bytes exceeds 5 bytes limit]");
    expect(sentSpans()).toContain("Exception: Attachment too large (6 bytes > 5 bytes limit). Content discarded.");
    expect(sentInfo().state).toBe("ERROR");
    expect(counts()).toEqual({ uploaded: 0, failed: 0, tooLarge: 1 });
    expect(logger.lines.filter((line) => /attachments of a trace are too large/.test(line))).toHaveLength(1);
  });

  test("a limit that is no number is told and ignored", async () => {
    process.env["MLFLOW_TRACE_MAX_ATTACHMENT_SIZE"] = "5MB";
    await use();
    expect(logger.lines.join()).toContain("MLFLOW_TRACE_MAX_ATTACHMENT_SIZE is ignored");
    await ask(PNG_URI);
    expect(uploads()).toHaveLength(1);
  });
});

describe("read back", () => {
  test("TracingClient gives the attachment that a reference names", async () => {
    own = ({ path }) => (path.endsWith("/get-trace-artifact") ? answer(Buffer.from(PNG)) : null);
    const id = "0b8e8a7c-2f53-4b5e-9d36-0f6d1a2b3c4d";
    const reference = new Attachment({ contentType: "image/png", contentBytes: PNG }, id).ref("tr-1");
    const client = clientOf();
    const attachment = await client.getAttachment(reference);
    client.close();
    expect(server.last.path).toBe("/ajax-api/3.0/mlflow/get-trace-artifact");
    expect(server.last.query).toBe(`request_id=tr-1&path=${id}`);
    expect([attachment.id, attachment.contentType]).toEqual([id, "image/png"]);
    expect(new Uint8Array(attachment.contentBytes)).toEqual(PNG);
  });

  test.each([
    "https://a.example/",
    "mlflow-attachment://x",
    "mlflow-attachment://../../secret?content_type=a&trace_id=tr-1",
    "mlflow-attachment://..%2Fsecret?content_type=a&trace_id=tr-1",
  ])("%s is refused before anything is asked", async (reference) => {
    const client = clientOf();
    await expect(client.getAttachment(reference)).rejects.toBeInstanceOf(TraceError);
    client.close();
    expect(server.asked).toHaveLength(0);
  });
});

describe("Attachment", () => {
  test("writes the reference that MLflow writes, and reads it", () => {
    const attachment = new Attachment({ contentType: "text/plain;charset=utf-8", contentBytes: PNG.buffer });
    expect(attachment.id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    const reference = attachment.ref("tr-1");
    expect(reference).toBe(
      `mlflow-attachment://${attachment.id}?content_type=text%2Fplain%3Bcharset%3Dutf-8&trace_id=tr-1&size=6`,
    );
    expect(Attachment.parseRef(reference)).toEqual({
      attachmentId: attachment.id,
      contentType: "text/plain;charset=utf-8",
      traceId: "tr-1",
      size: 6,
    });
  });

  test("reads a reference without a size, and none that lacks anything else", () => {
    expect(Attachment.parseRef("mlflow-attachment://a?content_type=b&trace_id=c")?.size).toBeNull();
    expect(Attachment.parseRef("mlflow-attachment://a?content_type=b&trace_id=c&size=-1")?.size).toBeNull();
    for (const text of ["", "mlflow-attachment://a?content_type=b", "other://a?content_type=b&trace_id=c", 7])
      expect(Attachment.parseRef(text as string)).toBeNull();
  });

  test("of a file has the type of its name", () => {
    const folder = mkdtempSync(join(tmpdir(), "spandrel-attachment-"));
    try {
      const path = join(folder, "picture.PNG");
      writeFileSync(path, PNG);
      const attachment = Attachment.fromFile(path);
      expect(attachment.contentType).toBe("image/png");
      expect(new Uint8Array(attachment.contentBytes)).toEqual(PNG);
      expect(Attachment.fromFile(path, "image/webp").contentType).toBe("image/webp");
      writeFileSync(join(folder, "noname"), PNG);
      expect(Attachment.fromFile(join(folder, "noname")).contentType).toBe("application/octet-stream");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("with a content type that is none is recorded as bytes of any kind", () => {
    const attachment = new Attachment({ contentType: "a;base64,b", contentBytes: PNG });
    expect(attachment.toJSON()).toMatch(/^data:application\/octet-stream;spandrel-attachment=/);
  });
});
