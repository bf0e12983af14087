import { describe, expect, test } from "@jest/globals";
import { readEnvironment, type EnvironmentConfig } from "../../../js/export/otlp_config.js";
import { splitUserInfo, tracesUrlAsIs, tracesUrlOfBase } from "../../../js/export/endpoint.js";
import { OtlpHttpSender } from "../../../js/export/otlp_http_sender.js";
import { TraceError } from "../../../js/trace_error.js";

function read(environment: Record<string, string>): { config: EnvironmentConfig; warnings: string[] } {
  const warnings: string[] = [];
  const config = readEnvironment(environment, (message) => warnings.push(message));
  return { config, warnings };
}

describe("endpoints", () => {
  test("H2: the default is port 4318 of this machine, traces at v1/traces", async () => {
    const exporter = new OtlpHttpSender();
    expect(exporter.shownUrl).toBe("http://localhost:4318/v1/traces");
    await exporter.shutdown();
  });

  const BASES: [base: string, url: string][] = [
    ["http://c:4318", "http://c:4318/v1/traces"],
    ["http://c:4318/", "http://c:4318/v1/traces"],
    ["http://c:4318/my", "http://c:4318/my/v1/traces"],
    ["http://c:4318/my/", "http://c:4318/my/v1/traces"],
    ["https://c", "https://c/v1/traces"],
    ["https://c:443/a/b", "https://c/a/b/v1/traces"],
    ["http://[::1]:4318", "http://[::1]:4318/v1/traces"],
    ["http://[2001:db8::1]/x/", "http://[2001:db8::1]/x/v1/traces"],
    ["http://c:4318?tenant=1", "http://c:4318/v1/traces?tenant=1"],
    ["http://c:4318/my/?tenant=1", "http://c:4318/my/v1/traces?tenant=1"],
    ["HTTP://C.Example:4318/v1", "http://c.example:4318/v1/v1/traces"],
    [" http://c:4318/#top ", "http://c:4318/v1/traces"],
  ];
  test.each(BASES)("H3: the base %s posts to %s", (base, url) => {
    expect(tracesUrlOfBase(base)).toBe(url);
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: base }).config.otlp.url).toBe(url);
  });

  const AS_IS: [given: string, url: string][] = [
    ["http://c:4318", "http://c:4318/"],
    ["http://c:4318/v1/traces", "http://c:4318/v1/traces"],
    ["http://c/elsewhere/?a=b", "http://c/elsewhere/?a=b"],
  ];
  test.each(AS_IS)("H3: the traces endpoint %s is used as %s", (given, url) => {
    expect(tracesUrlAsIs(given)).toBe(url);
    expect(read({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: given }).config.otlp.url).toBe(url);
  });

  test.each(["", "c:4318", "ftp://c/", "file:///etc/passwd", "javascript:alert(1)", "http://", "localhost"])(
    "%p is no endpoint",
    (text) => {
      expect(() => tracesUrlOfBase(text)).toThrow(TraceError);
      expect(() => tracesUrlAsIs(text)).toThrow(TraceError);
    },
  );

  test("a user name in the URL becomes a header", () => {
    expect(splitUserInfo("http://ann:p%40ss@c/x")).toEqual({ url: "http://c/x", authorization: `Basic ${btoa("ann:p@ss")}` });
    expect(splitUserInfo("http://c/x")).toEqual({ url: "http://c/x", authorization: null });
  });
});

describe("H4: the variable of traces beats the general one", () => {
  const CASES: [name: string, general: string, ofTraces: string, key: keyof EnvironmentConfig["otlp"], expected: unknown][] = [
    ["TIMEOUT", "1000", "2000", "timeoutMillis", 2000],
    ["COMPRESSION", "none", "gzip", "compression", "gzip"],
    ["PROTOCOL", "http/json", "http/protobuf", "protocol", "http/protobuf"],
    ["HEADERS", "a=1", "b=2", "headers", { b: "2" }],
    ["ENDPOINT", "http://general", "http://traces", "url", "http://traces/"],
  ];

  test.each(CASES)("%s", (name, general, ofTraces, key, expected) => {
    const both = read({ [`OTEL_EXPORTER_OTLP_${name}`]: general, [`OTEL_EXPORTER_OTLP_TRACES_${name}`]: ofTraces });
    expect({ ...both.config.otlp }[key]).toEqual(expected);
    expect(both.warnings).toEqual([]);
  });

  test.each(CASES)("%s: an empty one is an unset one", (name, general, _ofTraces, key) => {
    const one = read({ [`OTEL_EXPORTER_OTLP_${name}`]: general, [`OTEL_EXPORTER_OTLP_TRACES_${name}`]: "" });
    expect(one.config.otlp[key]).toEqual(read({ [`OTEL_EXPORTER_OTLP_${name}`]: general }).config.otlp[key]);
    expect(one.config.otlp[key]).toBeDefined();
  });

  test.each([
    ["TIMEOUT", "soon"],
    ["TIMEOUT", "-1"],
    ["TIMEOUT", "0"],
    ["TIMEOUT", "1e9"],
    ["COMPRESSION", "zstd"],
    ["PROTOCOL", "grpc"],
    ["ENDPOINT", "nowhere"],
  ])("%s=%s is reported and ignored", (name, value) => {
    const { config, warnings } = read({ [`OTEL_EXPORTER_OTLP_${name}`]: value });
    expect(config.otlp).toEqual({});
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`OTEL_EXPORTER_OTLP_${name}`);
  });

  test("H7: an unknown compression leaves the general one standing", () => {
    const { config } = read({ OTEL_EXPORTER_OTLP_COMPRESSION: "GZIP", OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "br" });
    expect(config.otlp.compression).toBe("gzip");
  });
});

describe("H5: headers", () => {
  test.each<[string, Record<string, string>, number]>([
    ["k1=v1,k2=v2", { k1: "v1", k2: "v2" }, 0],
    ["k=a=b==", { k: "a=b==" }, 0],
    [" k = v , l = w ", { k: "v", l: "w" }, 0],
    ["k=a%2Cb%20c", { k: "a,b c" }, 0],
    ["k=", { k: "" }, 0],
    ["Authorization=Bearer%20x", { authorization: "Bearer x" }, 0],
    ["k=v;meta=1", { k: "v;meta=1" }, 0],
    [",,k=v,,", { k: "v" }, 0],
    ["bad name=v,k=v", { k: "v" }, 1],
    ["novalue,k=v", { k: "v" }, 1],
    ["=v,k=v", { k: "v" }, 1],
    ["k=%zz,l=w", { l: "w" }, 1],
    ["k=a%0d%0aEvil: 1,l=w", { l: "w" }, 1],
    ["k=%00,l=w", { l: "w" }, 1],
    ["k=%E2%82%AC,l=w", { l: "w" }, 1],
    ["content-type=text/html,l=w", { l: "w" }, 1],
    ["__proto__=x,l=w", { l: "w", ["__proto__"]: "x" }, 0],
  ])("%s", (text, expected, refused) => {
    const { config, warnings } = read({ OTEL_EXPORTER_OTLP_HEADERS: text });
    expect(Object.entries(config.otlp.headers ?? {}).sort()).toEqual(Object.entries(expected).sort());
    expect(warnings).toHaveLength(refused);
    for (const warning of warnings) expect(warning).not.toMatch(/Evil|text\/html|€/);
  });
});

describe("settings of the tracer", () => {
  test("nothing set gives nothing", () => {
    const { config, warnings } = read({});
    expect(config).toEqual({ isDisabled: false, resource: {}, otlp: {}, batch: {}, limits: {}, traces: {} });
    expect(warnings).toEqual([]);
  });

  test.each([
    ["true", true],
    ["TRUE", true],
    [" true ", true],
    ["false", false],
    ["1", false],
    ["yes", false],
    ["", false],
  ])("OTEL_SDK_DISABLED=%p: %p", (value, isDisabled) => {
    expect(read({ OTEL_SDK_DISABLED: value }).config.isDisabled).toBe(isDisabled);
  });

  test("OTEL_SERVICE_NAME beats the resource attribute", () => {
    const { config } = read({ OTEL_SERVICE_NAME: "shop", OTEL_RESOURCE_ATTRIBUTES: "service.name=other,team=a%20b" });
    expect(config.serviceName).toBe("shop");
    expect({ ...config.resource }).toEqual({ "service.name": "other", team: "a b" });
    expect(read({ OTEL_RESOURCE_ATTRIBUTES: "service.name=other" }).config.serviceName).toBe("other");
  });

  test.each(["a", "a=1,b", "=1", "a=%zz"])("one broken part spoils the resource: %s", (text) => {
    const { config, warnings } = read({ OTEL_RESOURCE_ATTRIBUTES: text });
    expect(config.resource).toEqual({});
    expect(warnings).toHaveLength(1);
  });

  test("batches", () => {
    const { config } = read({
      OTEL_BSP_SCHEDULE_DELAY: "100",
      OTEL_BSP_EXPORT_TIMEOUT: "200",
      OTEL_BSP_MAX_QUEUE_SIZE: "300",
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "40",
    });
    expect(config.batch).toEqual({ delayMillis: 100, exportTimeoutMillis: 200, queueSpans: 300, maxSpans: 40 });
    expect(read({ OTEL_BSP_MAX_QUEUE_SIZE: "30" }).config.batch).toEqual({ queueSpans: 30, maxSpans: 30 });
    expect(read({ OTEL_BSP_MAX_QUEUE_SIZE: "0" }).config.batch).toEqual({});
  });

  test("limits: the model's beats the general", () => {
    const { config } = read({
      OTEL_ATTRIBUTE_COUNT_LIMIT: "10",
      OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: "20",
      OTEL_SPAN_EVENT_COUNT_LIMIT: "0",
    });
    expect(config.limits).toEqual({
      attributeCountLimit: 20,
      attributePerEventCountLimit: 10,
      attributePerLinkCountLimit: 10,
      eventCountLimit: 0,
    });
    expect(read({ OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: "7" }).config.limits).toEqual({ attributeValueLengthLimit: 7 });
    expect(read({ OTEL_SPAN_LINK_COUNT_LIMIT: "many" }).warnings).toHaveLength(1);
  });

  test.each<[string, string | undefined, unknown, number]>([
    ["always_off", undefined, { name: "always_off" }, 0],
    ["TraceIdRatio", "0.25", { name: "traceidratio", ratio: 0.25 }, 0],
    ["parentbased_traceidratio", "2", { name: "parentbased_traceidratio" }, 1],
    ["parentbased_traceidratio", "x", { name: "parentbased_traceidratio" }, 1],
    ["always_on", "0.1", { name: "always_on" }, 0],
    ["jaeger_remote", undefined, undefined, 1],
  ])("sampler %s with %p", (name, argument, expected, warned) => {
    const environment = { OTEL_TRACES_SAMPLER: name, ...(argument === undefined ? {} : { OTEL_TRACES_SAMPLER_ARG: argument }) };
    const { config, warnings } = read(environment);
    expect(config.sampler).toEqual(expected);
    expect(warnings).toHaveLength(warned);
  });

  test("lists of names: known ones, once each", () => {
    expect(read({ OTEL_PROPAGATORS: "baggage, tracecontext,baggage" }).config.propagators).toEqual(["baggage", "tracecontext"]);
    expect(read({ OTEL_PROPAGATORS: "b3" }).config.propagators).toBeUndefined();
    expect(read({ OTEL_TRACES_EXPORTER: "otlp,console" }).config.exporters).toEqual(["otlp", "console"]);
    expect(read({ OTEL_TRACES_EXPORTER: "None" }).config.exporters).toEqual(["none"]);
    expect(read({ OTEL_LOG_LEVEL: "WARN" }).config.logLevel).toBe("warn");
  });

  test("X6: no warning shows the value of a variable", () => {
    const names = [
      "OTEL_EXPORTER_OTLP_HEADERS",
      "OTEL_EXPORTER_OTLP_ENDPOINT",
      "OTEL_EXPORTER_OTLP_TIMEOUT",
      "OTEL_RESOURCE_ATTRIBUTES",
      "OTEL_TRACES_SAMPLER",
      "OTEL_PROPAGATORS",
      "OTEL_BSP_SCHEDULE_DELAY",
      "OTEL_SDK_DISABLED",
    ];
    const { warnings } = read(Object.fromEntries(names.map((name) => [name, "k%0d=canary%zz"])));
    expect(warnings.length).toBeGreaterThanOrEqual(names.length);
    expect(warnings.join()).not.toContain("canary");
  });
});
