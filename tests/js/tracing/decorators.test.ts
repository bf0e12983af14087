// @trace as TypeScript compiles it, in both forms of decorators: the standard ones and the legacy ones.
import { beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { compileFunction } from "node:vm";
import ts from "typescript";
import { trace, type Span } from "../../../js/index.js";
import { ended, logger, start } from "./harness.js";

beforeAll(() => start());
beforeEach(async () => {
  await ended();
  logger.lines.length = 0;
});

/** What the source exports, compiled and run with our trace() in reach. */
function compiled<T>(source: string, isLegacy: boolean): T {
  const { outputText, diagnostics } = ts.transpileModule(source, {
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      experimentalDecorators: isLegacy,
      useDefineForClassFields: !isLegacy,
    },
  });
  expect((diagnostics ?? []).map(({ messageText }) => messageText)).toEqual([]);
  const exports = {};
  compileFunction(outputText, ["exports", "trace"])(exports, trace);
  return exports as T;
}

const forms = [
  ["standard", false],
  ["legacy", true],
] as const;

interface Agent {
  prefix: string;
  plan(goal: string): string;
  act(step: string, times?: number): Promise<string[]>;
  tokens(): Generator<number>;
  readonly mood: string;
  fail(): never;
}

const AGENT = `
  export class Agent {
    prefix = "> ";
    static #made = 0;

    @trace
    plan(goal) { return this.prefix + goal; }

    @trace({ name: "agent.act", spanType: "TOOL", attributes: { retries: 2 } })
    async act(step, times = 1) {
      await null;
      return Array.from({ length: times }, () => this.plan(step));
    }

    @trace({ outputReducer: (chunks) => chunks.length })
    *tokens() { yield 1; yield 2; }

    @trace({ spanType: "MEMORY" })
    get mood() { return "calm " + this.prefix; }

    @trace()
    static make(name) { return [name, this === Agent]; }

    @trace
    fail() { throw new RangeError("no"); }
  }
  export class Sub extends Agent {
    plan(goal) { return "sub " + super.plan(goal); }
  }
`;

interface AgentModule {
  Agent: { new (): Agent; make(name: string): unknown };
  Sub: new () => Agent;
}

const byName = (spans: readonly Span[]): Record<string, Span> => Object.fromEntries(spans.map((span) => [span.name, span]));

describe.each(forms)("%s decorators", (_, isLegacy) => {
  let module: AgentModule;
  beforeAll(() => {
    module = compiled<AgentModule>(AGENT, isLegacy);
  });

  test("AMethodIsASpanAndKeepsItsThis", async () => {
    expect(new module.Agent().plan("go")).toBe("> go");
    const [span] = await ended();
    expect([span?.name, span?.inputs, span?.outputs]).toEqual(["plan", { goal: "go" }, "> go"]);
    expect(span?.attributes["mlflow.spanFunctionName"]).toBe("plan");
  });

  test("OptionsAreTakenAndCallsInsideAreChildren", async () => {
    expect(await new module.Agent().act("step")).toEqual(["> step"]);
    const { "agent.act": act, plan } = byName(await ended());
    expect([act?.spanType, act?.attributes["retries"], act?.inputs]).toEqual(["TOOL", 2, { step: "step", times: 1 }]);
    expect(plan?.parentId).toBe(act?.spanId);
  });

  test("AGeneratorsOutputsAreReduced", async () => {
    expect([...new module.Agent().tokens()]).toEqual([1, 2]);
    expect((await ended())[0]?.outputs).toBe(2);
  });

  test("AGetterIsASpan", async () => {
    const agent = new module.Agent();
    expect(agent.mood).toBe("calm > ");
    const [span] = await ended();
    expect([span?.name, span?.spanType, span?.outputs]).toEqual(["get mood", "MEMORY", "calm > "]);
    expect(Object.getOwnPropertyDescriptor(module.Agent.prototype, "mood")?.set).toBeUndefined();
  });

  test("AStaticMethodIsASpan", async () => {
    expect(module.Agent.make("a")).toEqual(["a", true]);
    expect((await ended()).map(({ name }) => name)).toEqual(["make"]);
  });

  test("ErrorsAreRecordedAndReachTheCaller", async () => {
    expect(() => new module.Agent().fail()).toThrow("no");
    expect((await ended())[0]?.status).toEqual({ statusCode: "ERROR", description: "RangeError: no" });
  });

  test("AnOverridingMethodCallsTheTracedOne", async () => {
    expect(new module.Sub().plan("x")).toBe("sub > x");
    expect((await ended()).map(({ name }) => name)).toEqual(["plan"]);
  });

  test("NamesAndLengthsAreKept", () => {
    const { plan, act } = module.Agent.prototype;
    expect([plan.name, plan.length, act.name, act.length]).toEqual(["plan", 1, "act", 1]);
  });

  test("AMethodUnderASymbolOrANumberIsTraced", async () => {
    const { run } = compiled<{ run(): unknown[] }>(
      `const key = Symbol("key");
       class A { @trace [key](x) { return x; } @trace({ name: "one" }) 1(x) { return x + 1; } }
       export const run = () => { const a = new A(); return [a[key](1), a[1](1)]; };`,
      isLegacy,
    );
    expect(run()).toEqual([1, 2]);
    expect((await ended()).map(({ name }) => name)).toEqual(["[key]", "one"]);
  });

  test("WhatCannotBeWrappedStaysAsItIs", async () => {
    const { check } = compiled<{ check(): unknown }>(
      `export class A {
         @trace count = 3;
         @trace({ name: "setter" }) set total(value) { this.count = value; }
         @trace static shared = "s";
       }
       export const check = () => { const a = new A(); const before = a.count; a.total = 5; return [before, a.count, A.shared]; };`,
      isLegacy,
    );
    expect(check()).toEqual([3, 5, "s"]);
    await ended();
  });
});

test("AFieldThatHoldsAFunctionIsTracedByTheStandardForm", async () => {
  const { A } = compiled<{ A: new () => { run(x: number): number } }>(
    `export class A { factor = 2; @trace({ name: "run" }) run = (x) => x * this.factor; }`,
    false,
  );
  expect(new A().run(4)).toBe(8);
  expect((await ended()).map(({ name, outputs }) => [name, outputs])).toEqual([["run", 8]]);
});

test("APrivateMethodIsTracedByTheStandardForm", async () => {
  const { A } = compiled<{ A: new () => { run(x: number): number } }>(
    `export class A { @trace({ name: "secret" }) #add(x) { return x + 1; } run(x) { return this.#add(x); } }`,
    false,
  );
  expect(new A().run(4)).toBe(5);
  expect((await ended()).map(({ name }) => name)).toEqual(["secret"]);
});

test("MetadataOfDecoratorsIsNoMetadataOfTraces", async () => {
  const { A } = compiled<{ A: new () => { run(): void } }>(
    `const mark = (_, context) => { if (context.metadata) context.metadata.mark = "m"; };
     export class A { @trace @mark run() {} }`,
    false,
  );
  new A().run();
  const [span] = await ended();
  expect(span?.name).toBe("run");
});
