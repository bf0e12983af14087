// The resource is a record like a span's: it is whole in every request, whatever its size.

import { afterEach, expect, test } from "@jest/globals";
import * as spandrel from "../../../js/index.js";
import type { SpanBatch } from "../../../js/index.js";

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: string };
}
interface Request {
  resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: { name: string }[] }[] }[];
}

const requests: Request[] = [];
const exporter = {
  async export(batch: SpanBatch): Promise<{ status: "success" }> {
    requests.push(JSON.parse(batch.toOtlpJson()) as Request);
    return { status: "success" };
  },
};

afterEach(async () => {
  await spandrel.shutdown();
  requests.length = 0;
});

test.each([
  ["20,000 numbers", 20_000, (i: number): unknown => i],
  ["500 texts of 2,000 characters", 500, (i: number): unknown => `${String(i)} ${"v".repeat(2000)}`],
  ["one text of 300,000 characters, not ASCII", 1, (): unknown => "é".repeat(300_000)],
])("a resource of %s", async (_, count, valueOf) => {
  const resource = Object.fromEntries(Array.from({ length: count }, (_unused, i) => [`key ${String(i)}`, valueOf(i)]));
  await spandrel.init({ exporter, serviceName: "large", resource });
  for (const name of ["first", "second"]) {
    spandrel.withSpan({ name }, (span) => span.setInputs({ name }));
    await spandrel.flushTraces();
  }
  expect(requests.map(({ resourceSpans }) => resourceSpans[0]?.scopeSpans[0]?.spans[0]?.name)).toEqual(["first", "second"]);
  for (const { resourceSpans } of requests) {
    const attributes = new Map(resourceSpans[0]?.resource.attributes.map(({ key, value }) => [key, value]));
    expect(attributes.get("service.name")).toEqual({ stringValue: "large" });
    for (const [key, value] of Object.entries(resource))
      expect(attributes.get(key)).toEqual(typeof value === "number" ? { intValue: String(value) } : { stringValue: value });
  }
});
