// Decoding 10,000 typical spans of OTLP: our viewer's store against protobufjs with exact 64-bit
// values and pbf. Run as a child: node --expose-gc bench/decode.mjs; prints one line of JSON.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";
import { build } from "esbuild";
import { peerFolder, ROOT } from "./peers.mjs";
import { median } from "./processes.mjs";

const SPANS = 10_000;
const ROUNDS = 9;
const bytes = await makeRequest();
const decoders = { spandrel: await spandrelDecoder(), protobufjs: protobufjsDecoder(), pbf: pbfDecoder() };
const figures = Object.fromEntries(Object.keys(decoders).map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, decode] of Object.entries(decoders)) {
    const begin = performance.now();
    const spans = decode(bytes);
    const time = performance.now() - begin;
    if (spans !== SPANS) throw new Error(`${name} read ${spans} spans`);
    if (round >= 2) figures[name].push((time * 1e6) / SPANS);
  }
}
console.log(JSON.stringify(Object.fromEntries(Object.entries(figures).map(([name, times]) => [name, median(times)]))));

async function makeRequest() {
  const { createDesign } = await import("./designs/otel-newest.mjs");
  const require = createRequire(pathToFileURL(join(peerFolder("otel-newest"), "index.js")));
  const { ProtobufTraceSerializer } = require("@opentelemetry/otlp-transformer");
  const collected = [];
  const original = ProtobufTraceSerializer.serializeRequest;
  ProtobufTraceSerializer.serializeRequest = (spans) => {
    collected.push(...spans);
    return new Uint8Array(0);
  };
  const design = await createDesign({});
  for (let i = 0; i < SPANS / 10; i++) design.record("typical", i);
  await design.flush();
  return original.call(ProtobufTraceSerializer, collected);
}

async function spandrelDecoder() {
  // The viewer's own facade, bundled for this process.
  const file = join(ROOT, "build/bench/viewer.mjs");
  await build({
    entryPoints: [join(ROOT, "js/viewer/viewer.ts")],
    bundle: true,
    format: "esm",
    platform: "node",
    outfile: file,
    logLevel: "error",
  });
  const { openViewer } = await import(pathToFileURL(file).href);
  const module = await WebAssembly.compile(readFileSync(join(ROOT, "build/module/spandrel_viewer.wasm")));
  const fresh = [];
  for (let i = 0; i < ROUNDS; i++) fresh.push(await openViewer(module));
  return (input) => fresh.pop().importProtobuf(input).spans;
}

function otlpSchema() {
  // Field numbers of the OTLP specification; enough for spans.
  return `syntax = "proto3"; package o;
    message TracesData { repeated ResourceSpans resource_spans = 1; }
    message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
    message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
    message ScopeSpans { Scope scope = 1; repeated Span spans = 2; string schema_url = 3; }
    message Scope { string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
    message Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
      fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; uint32 dropped_attributes_count = 10;
      repeated Event events = 11; uint32 dropped_events_count = 12; repeated Link links = 13; uint32 dropped_links_count = 14; Status status = 15; fixed32 flags = 16; }
    message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
    message Link { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4; uint32 dropped_attributes_count = 5; fixed32 flags = 6; }
    message Status { string message = 2; int32 code = 3; }
    message KeyValue { string key = 1; AnyValue value = 2; }
    message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5; KvList kvlist_value = 6; bytes bytes_value = 7; } }
    message ArrayValue { repeated AnyValue values = 1; }
    message KvList { repeated KeyValue values = 1; }`;
}

function protobufjsDecoder() {
  const require = createRequire(pathToFileURL(join(peerFolder("otel-newest"), "index.js")));
  const protobuf = require("protobufjs");
  const type = protobuf.parse(otlpSchema()).root.lookupType("o.TracesData");
  // Exact 64-bit values: every time and integer as a bigint.
  const exact = (long) => (BigInt(long.high >>> 0) << 32n) | BigInt(long.low >>> 0);
  const attributes = (list) => {
    for (const { value } of list)
      if (value?.intValue !== undefined && value.intValue !== null && typeof value.intValue === "object")
        value.intValue = BigInt.asIntN(64, exact(value.intValue));
  };
  return (input) => {
    let count = 0;
    for (const group of type.decode(input).resourceSpans) {
      for (const { spans } of group.scopeSpans) {
        for (const span of spans) {
          span.startTimeUnixNano = exact(span.startTimeUnixNano);
          span.endTimeUnixNano = exact(span.endTimeUnixNano);
          attributes(span.attributes);
          for (const event of span.events) {
            event.timeUnixNano = exact(event.timeUnixNano);
            attributes(event.attributes);
          }
          count++;
        }
      }
    }
    return count;
  };
}

/** pbf with hand-written readers, as its users write them: exact times, integers as numbers. */
function pbfDecoder() {
  const require = createRequire(pathToFileURL(join(peerFolder("otel-newest"), "index.js")));
  const loaded = require("pbf");
  const Pbf = loaded.default ?? loaded.PbfReader ?? loaded;
  const fixed64 = (pbf) => {
    const low = pbf.readFixed32();
    return (BigInt(pbf.readFixed32() >>> 0) << 32n) | BigInt(low >>> 0);
  };
  const value = (tag, out, pbf) => {
    if (tag === 1) out.value = pbf.readString();
    else if (tag === 2) out.value = pbf.readBoolean();
    else if (tag === 3) out.value = pbf.readVarint(true);
    else if (tag === 4) out.value = pbf.readDouble();
  };
  const pair = (tag, out, pbf) => {
    if (tag === 1) out.key = pbf.readString();
    else if (tag === 2) pbf.readMessage(value, out);
  };
  const event = (tag, out, pbf) => {
    if (tag === 1) out.time = fixed64(pbf);
    else if (tag === 2) out.name = pbf.readString();
    else if (tag === 3) out.attributes.push(pbf.readMessage(pair, {}));
  };
  const span = (tag, out, pbf) => {
    if (tag === 1) out.traceId = pbf.readBytes();
    else if (tag === 2) out.spanId = pbf.readBytes();
    else if (tag === 4) out.parentId = pbf.readBytes();
    else if (tag === 5) out.name = pbf.readString();
    else if (tag === 6) out.kind = pbf.readVarint();
    else if (tag === 7) out.start = fixed64(pbf);
    else if (tag === 8) out.end = fixed64(pbf);
    else if (tag === 9) out.attributes.push(pbf.readMessage(pair, {}));
    else if (tag === 11) out.events.push(pbf.readMessage(event, { attributes: [] }));
  };
  const scope = (tag, out, pbf) => {
    if (tag === 2) out.push(pbf.readMessage(span, { attributes: [], events: [] }));
  };
  const resource = (tag, out, pbf) => {
    if (tag === 2) pbf.readMessage(scope, out);
  };
  return (input) =>
    new Pbf(input).readFields((tag, out, pbf) => {
      if (tag === 1) pbf.readMessage(resource, out);
    }, []).length;
}
