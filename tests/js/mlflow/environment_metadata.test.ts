// Who made a trace, with which program, at which commit: MLflow's environment metadata.
import { beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { flushTraces, init, MlflowExporter, startSpan, type LiveSpan } from "../../../js/index.js";
import { environmentMetadata, metadataOf } from "../../../js/mlflow/environment_metadata.js";
import { MockStore } from "../acceptance/mock_store.js";
import { TestLogger } from "../tracing/harness.js";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const OTHER = "f".repeat(40);
const program = { user: "someone", file: "/work/app/main.js", folder: "/work/app/sub" };
const CONFIG = `[core]
	bare = false
[remote "origin"]
	url = https://me:secret@example.com/team/app.git
	fetch = +refs/heads/*:refs/remotes/origin/*
[remote "other"]
	url = git@example.com:team/other.git
`;

function git(files: Record<string, string>, of = program): [commit: string, branch: string, url: string] {
  const metadata = metadataOf(of, (path) => files[path] ?? null);
  return ["commit", "branch", "repoURL"].map((key) => metadata[`mlflow.source.git.${key}`]) as [string, string, string];
}

describe("the repository", () => {
  test("of a folder above: the branch's commit, and the first remote without its password", () => {
    const files = {
      "/work/app/.git/HEAD": "ref: refs/heads/feature/x\n",
      "/work/app/.git/refs/heads/feature/x": `${COMMIT}\n`,
      "/work/app/.git/config": CONFIG,
    };
    expect(git(files)).toEqual([COMMIT, "feature/x", "https://example.com/team/app.git"]);
  });

  test("whose references are packed", () => {
    const files = {
      "/work/app/sub/.git/HEAD": "ref: refs/heads/main\n",
      "/work/app/sub/.git/packed-refs": `# pack-refs with: peeled\n${OTHER} refs/heads/domain\n${COMMIT} refs/heads/main\n^${OTHER}\n`,
    };
    expect(git(files)).toEqual([COMMIT, "main", ""]);
  });

  test("without a branch checked out", () => {
    expect(git({ "/work/app/.git/HEAD": `${COMMIT}\n` })).toEqual([COMMIT, "", ""]);
  });

  test("of a work tree, which shares what another folder has", () => {
    const files = {
      "/work/app/.git": "gitdir: ../bare/worktrees/app\n",
      "/work/app/../bare/worktrees/app/HEAD": "ref: refs/heads/main\n",
      "/work/app/../bare/worktrees/app/commondir": "../..\n",
      "/work/app/../bare/worktrees/app/../../refs/heads/main": COMMIT,
      "/work/app/../bare/worktrees/app/../../config": CONFIG,
    };
    expect(git(files)).toEqual([COMMIT, "main", "https://example.com/team/app.git"]);
  });

  test.each<[string, Record<string, string>]>([
    ["there is none", {}],
    ["nothing was committed", { "/work/app/.git/HEAD": "ref: refs/remotes/none\n" }],
    ["its files are something else", { "/work/app/.git/HEAD": "what\n", "/work/app/.git/config": "[remote\nurl" }],
  ])("where %s", (_name, files) => {
    expect(git(files)).toEqual(["", "", ""]);
  });

  test("is looked for in a relative or strange folder without end", () => {
    for (const folder of ["", "/", "relative", "C:\\work\\app", "a/".repeat(500)])
      expect(git({}, { ...program, folder })).toEqual(["", "", ""]);
  });
});

test("a user or a program that is not known is left out", () => {
  expect(metadataOf({ user: "", file: "", folder: "/" }, () => null)).toEqual({
    "mlflow.source.type": "LOCAL",
    "mlflow.source.git.commit": "",
    "mlflow.source.git.branch": "",
    "mlflow.source.git.repoURL": "",
  });
});

describe("a trace that goes to MLflow", () => {
  const logger = new TestLogger();
  let store: MockStore;

  beforeAll(() => init({ exporter: "none", logger }));
  beforeEach(() => {
    store = new MockStore();
  });

  async function metadataSent(options: object, metadata: Record<string, string> = {}): Promise<Record<string, string>> {
    await init({ exporter: new MlflowExporter({ client: store, async: false, logger, ...options }), logger });
    (startSpan({ name: "root", parent: null, metadata }) as LiveSpan).end();
    await flushTraces();
    return store.started[0]?.traceMetadata as Record<string, string>;
  }

  test("says where it was made; what it says of itself comes first", async () => {
    const sent = await metadataSent({}, { "mlflow.source.name": "mine" });
    expect(sent).toMatchObject({ ...environmentMetadata(), "mlflow.source.name": "mine" });
    expect(sent["mlflow.source.type"]).toBe("LOCAL");
    expect(Object.keys(environmentMetadata())).toEqual(
      expect.arrayContaining(["mlflow.source.name", "mlflow.source.git.commit"]),
    );
    // It counts among the trace's bytes.
    expect(Number(sent["mlflow.trace.sizeBytes"])).toBeGreaterThan(JSON.stringify(environmentMetadata()).length);
  });

  test("does not where that was not wanted", async () => {
    const sent = await metadataSent({ tellsEnvironment: false });
    expect(Object.keys(sent).filter((key) => /mlflow\.(user|source)/.test(key))).toEqual([]);
  });
});
