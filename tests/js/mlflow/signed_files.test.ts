// Files of traces in a Databricks workspace: the workspace gives an address in its cloud, which is a script here; spans
// and attachments go there and come back.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  flushTraces,
  getLastActiveTraceId,
  init,
  MlflowExporter,
  shutdown,
  stats,
  TraceInfo,
  TracingClient,
  withSpan,
} from "../../../js/index.js";
import { TestLogger } from "../tracing/harness.js";
import { answer, closeScriptServers, jsonOf, ScriptServer, type Asked, type Reply } from "./script_server.js";

const PNG = Uint8Array.from([137, 80, 78, 71, 0, 255]);
const PNG_URI = `data:image/png;base64,${Buffer.from(PNG).toString("base64")}`;
const logger = new TestLogger();
let workspace: ScriptServer;
let cloud: ScriptServer;
/** What the cloud keeps, by path. */
let files: Map<string, Buffer>;
let kind: string;
let headers: { name: string; value: string }[];
let credentials: ((asked: Asked) => Reply) | null;

const workspaceReply: Reply = (response, asked, count) => {
  if (asked.path === "/api/3.0/mlflow/traces") return answer(jsonOf(asked))(response, asked, count);
  const way = /^\/api\/2\.0\/mlflow\/traces\/([^/]+)\/credentials-for-data-(?:upload|download)$/.exec(asked.path);
  if (way === null) return answer({ error_code: "ENDPOINT_NOT_FOUND", message: "no" }, 404)(response, asked, count);
  if (credentials !== null) return credentials(asked)(response, asked, count);
  const name = new URLSearchParams(asked.query).get("path") ?? "traces.json";
  const signed_uri = `${cloud.url}/bucket/${way[1] ?? ""}/${name}?sig=very-secret`;
  return answer({ credential_info: { signed_uri, type: kind, headers } })(response, asked, count);
};

const cloudReply: Reply = (response, asked, count) => {
  if (asked.method === "GET") {
    const file = files.get(asked.path);
    return answer(file ?? "no such key", file ? 200 : 404)(response, asked, count);
  }
  files.set(
    asked.path,
    Buffer.concat([asked.method === "PATCH" ? (files.get(asked.path) ?? Buffer.alloc(0)) : Buffer.alloc(0), asked.body]),
  );
  return answer("", 201)(response, asked, count);
};

function clientOf(): TracingClient {
  return new TracingClient({
    trackingUri: "databricks",
    databricksHost: workspace.url,
    databricksToken: "dapi",
    logger,
    retry: { maxRetries: 0 },
  });
}

async function exportOne(): Promise<string> {
  const client = clientOf();
  await init({ exporter: new MlflowExporter({ client, experimentId: "7", async: false, logger }), logger });
  withSpan({ name: "ask", inputs: { image: PNG_URI } }, () => "done");
  await flushTraces();
  client.close();
  return getLastActiveTraceId() ?? "";
}

const lastCounts = (): unknown => Object.values(stats().destinations).at(-1);

beforeAll(async () => {
  await init({ exporter: "none", logger });
});
beforeEach(async () => {
  workspace = await ScriptServer.start(workspaceReply);
  cloud = await ScriptServer.start(cloudReply);
  files = new Map();
  kind = "AWS_PRESIGNED_URL";
  headers = [];
  credentials = null;
  logger.lines.length = 0;
});
afterEach(closeScriptServers);
afterAll(async () => {
  await shutdown();
});

describe("a trace of an experiment", () => {
  test.each([
    ["AWS_PRESIGNED_URL", ["PUT ?sig=very-secret"]],
    ["GCP_SIGNED_URL", ["PUT ?sig=very-secret"]],
    ["AZURE_SAS_URI", ["PUT ?sig=very-secret"]],
    [
      "AZURE_ADLS_GEN2_SAS_URI",
      ["PUT ?sig=very-secret&resource=file", "PATCH ?sig=very-secret&action=append&position=0&flush=true"],
    ],
  ])("goes to a cloud of kind %s and comes back, with its attachments", async (cloudKind, requests) => {
    kind = cloudKind;
    headers = [{ name: "X-Amz-Server-Side-Encryption", value: "AES256" }];
    const traceId = await exportOne();

    expect(lastCounts()).toMatchObject({ delivered: 1, pending: 0, attachments: { uploaded: 1, failed: 0, tooLarge: 0 } });
    const spansPath = `/bucket/${traceId}/traces.json`;
    expect(cloud.asked.filter(({ path }) => path === spansPath).map(({ method, query }) => `${method} ?${query}`)).toEqual(
      requests,
    );
    for (const { headers: sent } of cloud.asked) {
      // The cloud is not told who asks the workspace.
      expect(sent.authorization).toBeUndefined();
      expect(sent["x-amz-server-side-encryption"]).toBe("AES256");
      expect(sent["x-ms-blob-type"]).toBe(cloudKind === "AZURE_SAS_URI" ? "BlockBlob" : undefined);
      expect(sent["content-type"]).toBeUndefined();
    }
    const text = files.get(spansPath)?.toString() ?? "";
    const [reference = ""] = /mlflow-attachment:\/\/[^"\\]+/.exec(text) ?? [];
    const client = clientOf();
    const attachment = await client.getAttachment(reference);
    client.close();
    expect([attachment.contentType, new Uint8Array(attachment.contentBytes)]).toEqual(["image/png", PNG]);
    const { spans } = JSON.parse(text) as { spans: { attributes: Record<string, string> }[] };
    expect(JSON.parse(spans[0]?.attributes["mlflow.spanInputs"] ?? "")).toEqual({ image: reference });
    expect(logger.lines).toEqual([]);
  });

  test("is read from there", async () => {
    const traceId = await exportOne();
    workspace.reply = (response, asked, count) => {
      const isInfo = asked.path === `/api/3.0/mlflow/traces/${traceId}`;
      const trace_location = { type: "MLFLOW_EXPERIMENT", mlflow_experiment: { experiment_id: "7" } };
      const trace_info = { trace_id: traceId, trace_location, request_time: "2026-01-01T00:00:00Z", state: "OK" };
      (isInfo ? answer({ trace: { trace_info } }) : workspaceReply)(response, asked, count);
    };
    const client = clientOf();
    const trace = await client.getTrace(traceId);
    expect(trace.data.spans.map(({ name }) => name)).toEqual(["ask"]);
    files.clear();
    await expect(client.getTrace(traceId)).rejects.toMatchObject({ errorCode: "RESOURCE_DOES_NOT_EXIST" });
    client.close();
  });

  test("shows the attachment in previews of ten times the length", async () => {
    process.env["MLFLOW_TRACKING_URI"] = "databricks";
    try {
      const client = clientOf();
      await init({
        exporter: new MlflowExporter({ client, experimentId: "7", async: false, logger }),
        logger,
        trackingUri: "databricks",
      });
      withSpan({ name: "ask", inputs: { text: "x".repeat(2000), image: PNG_URI } }, () => "done");
      await flushTraces();
      client.close();
      const start = workspace.asked.find(({ path }) => path === "/api/3.0/mlflow/traces") as Asked;
      const { request_preview: preview } = (jsonOf(start) as { trace: { trace_info: { request_preview: string } } }).trace
        .trace_info;
      expect(preview.length).toBeGreaterThan(2000);
      expect(preview).toContain("mlflow-attachment://");
      expect(preview).not.toContain("base64");
    } finally {
      delete process.env["MLFLOW_TRACKING_URI"];
    }
  });
});

describe("what goes wrong is counted and said, without what is secret", () => {
  test.each<[string, unknown, RegExp]>([
    ["no address", { credential_info: {} }, /gives no address for the files of tr-/],
    [
      "an address that is none",
      { credential_info: { signed_uri: "file:///etc/passwd", type: "AWS_PRESIGNED_URL" } },
      /gives no address/,
    ],
    [
      "another kind of cloud",
      { credential_info: { signed_uri: "http://127.0.0.1:1/", type: "CARRIER_PIGEON" } },
      /not known here: CARRIER_PIGEON/,
    ],
    ["half an answer", '{"credential', /no whole JSON object/],
  ])("%s", async (_name, body, message) => {
    credentials = () => answer(body);
    await exportOne();
    expect(lastCounts()).toMatchObject({ delivered: 0, pending: 0, attachments: { uploaded: 0, failed: 1 } });
    expect(logger.lines).toEqual([expect.stringMatching(message)]);
  });

  test("a cloud that refuses", async () => {
    cloud.reply = answer("<Error>SignatureDoesNotMatch</Error>", 403);
    await exportOne();
    expect(lastCounts()).toMatchObject({ delivered: 0, pending: 0 });
    expect(logger.lines[0]).toMatch(
      /PUT http:\/\/127\.0\.0\.1:\d+\/bucket\/tr-[\da-f]+\/traces\.json answered 403: SignatureDoesNotMatch/,
    );
    expect(logger.lines.join()).not.toContain("very-secret");
  });

  test("an attachment alone is refused: the trace is stored", async () => {
    cloud.reply = (response, asked, count) =>
      (asked.path.includes("/attachments/") ? answer("no", 403) : cloudReply)(response, asked, count);
    await exportOne();
    expect(lastCounts()).toMatchObject({ delivered: 1, attachments: { uploaded: 0, failed: 1, tooLarge: 0 } });
    expect(logger.lines).toEqual([expect.stringMatching(/^Failed to upload an attachment; its trace is not affected: /)]);
    expect(logger.lines.join()).not.toContain("very-secret");
  });

  test("headers that are none are left out", async () => {
    headers = [
      { name: "x-a", value: "1\r\nx-b: 2" },
      { name: "x c", value: "3" },
      { name: "x-d", value: "4" },
    ];
    const client = clientOf();
    await client.uploadTraceData(new TraceInfo({ traceId: "tr-1" }), { spans: [] });
    client.close();
    expect(cloud.last.headers["x-d"]).toBe("4");
    expect(Object.keys(cloud.last.headers).filter((name) => name.startsWith("x-"))).toEqual(
      Object.keys(cloud.last.headers).filter((name) => ["x-d", "x-spandrel-client-version"].includes(name)),
    );
  });
});
