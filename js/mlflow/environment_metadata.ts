// Where a trace was made, as MLflow's SDK tells it in the metadata of every trace: who ran which program, at which commit
// of its repository. Read once, when the first trace leaves. Pages tell nothing.

import { programOf, textFile } from "#host";
import type { Program } from "../platform/lifecycle.js";

/** What is not known is left out; the three of git are "" outside a repository. */
export type EnvironmentMetadata = Readonly<Record<string, string>>;

let known: EnvironmentMetadata | null = null;

/** Never throws. */
export function environmentMetadata(): EnvironmentMetadata {
  return (known ??= read());
}

function read(): EnvironmentMetadata {
  try {
    const program = programOf();
    return program === null ? {} : metadataOf(program, textFile);
  } catch {
    return {}; // Deno asks for a permission, which may be refused
  }
}

type ReadText = (path: string) => string | null;

/** `readText` gives the text of a file, null where there is none. */
export function metadataOf({ user, file, folder }: Program, readText: ReadText): EnvironmentMetadata {
  const { commit, branch, url } = repositoryOf(folder, readText);
  return {
    ...(user === "" ? {} : { "mlflow.user": user }),
    ...(file === "" ? {} : { "mlflow.source.name": file }),
    "mlflow.source.type": "LOCAL",
    "mlflow.source.git.commit": commit,
    "mlflow.source.git.branch": branch,
    "mlflow.source.git.repoURL": url,
  };
}

interface Repository {
  commit: string;
  /** "" where no branch is checked out. */
  branch: string;
  /** Of the first remote, without user name and password. */
  url: string;
}

const MAX_FOLDERS = 64;

/** By the repository's files: no program is started. */
function repositoryOf(folder: string, readText: ReadText): Repository {
  for (let depth = 0, at = folder; depth < MAX_FOLDERS; depth++) {
    const own = gitFolderOf(at, readText);
    if (own !== null) return repositoryIn(own, readText);
    const parent = at.replace(/[/\\][^/\\]*[/\\]?$/, "");
    if (parent === at) break;
    at = parent;
  }
  return { commit: "", branch: "", url: "" };
}

/** ".git" is a folder, or the text of a work tree that says where it is. */
function gitFolderOf(folder: string, readText: ReadText): string | null {
  const inside = `${folder}/.git`;
  if (readText(`${inside}/HEAD`) !== null) return inside;
  const elsewhere = /^gitdir: (.+)$/m.exec(readText(inside) ?? "")?.[1];
  return elsewhere === undefined ? null : under(folder, elsewhere);
}

function repositoryIn(own: string, readText: ReadText): Repository {
  const common = readText(`${own}/commondir`)?.trim();
  const shared = common === undefined ? own : under(own, common);
  const head = readText(`${own}/HEAD`)?.trim() ?? "";
  const ref = /^ref: (.+)$/.exec(head)?.[1];
  const url = /^\s*\[remote "[^"\n]*"\][^[]*?^\s*url\s*=\s*(.+?)\s*$/m.exec(readText(`${shared}/config`) ?? "")?.[1] ?? "";
  return {
    commit: ref === undefined ? hash(head) : hash(readText(`${shared}/${ref}`) ?? packed(ref, readText(`${shared}/packed-refs`))),
    branch: ref?.startsWith("refs/heads/") === true ? ref.slice("refs/heads/".length) : "",
    url: url.replace(/^(\w+:\/\/)[^/@]*@/, "$1"),
  };
}

function packed(ref: string, text: string | null): string {
  const line = (text ?? "").split("\n").find((each) => each.trimEnd().endsWith(` ${ref}`));
  return line?.split(" ")[0] ?? "";
}

function hash(text: string): string {
  const trimmed = text.trim();
  return /^[0-9a-f]{40,64}$/.test(trimmed) ? trimmed : "";
}

function under(folder: string, path: string): string {
  return /^(?:[/\\]|[A-Za-z]:)/.test(path) ? path : `${folder}/${path}`;
}
