// The C++ sources of protobuf-lite for the WebAssembly build, in build/protobuf.
//
// They are Debian's or Ubuntu's source package of the very version that protoc has, checked by apt against
// the distribution's signatures. A fresh machine has no deb-src line, so a copy of its source list with
// the type changed is kept in the build folder and apt is pointed at that: the system's configuration stays
// as it is, and no root is needed. SPANDREL_PROTOBUF_SOURCE names a folder to use instead.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, StepError, capture, exists, run, say } from "./commands.mjs";

const FOLDER = join(ROOT, "build", "protobuf");
const APT = join(ROOT, "build", "apt");

/** The folder with `src/google/protobuf`, made when it is not there. */
export async function ensureProtobufSource() {
  const protoc = protocVersion();
  const named = process.env["SPANDREL_PROTOBUF_SOURCE"];
  if (named) {
    check(named, protoc, `SPANDREL_PROTOBUF_SOURCE (${named})`);
    return named;
  }
  if (sourceVersion(FOLDER) !== protoc) await download(protoc);
  check(FOLDER, protoc, "build/protobuf");
  return FOLDER;
}

function protocVersion() {
  const version = /(\d+\.\d+(\.\d+)?)/.exec(capture("protoc", ["--version"]) ?? "")?.[1];
  if (!version?.startsWith("3.21.")) {
    throw new StepError(
      `protoc ${version ?? "is missing"}: 3.21.x is needed (Debian 12 and 13, Ubuntu 24.04: apt-get install protobuf-compiler)`,
    );
  }
  return version;
}

/** "3.21.12" from `#define GOOGLE_PROTOBUF_VERSION 3021012`, null where there is no source tree. */
function sourceVersion(folder) {
  const header = join(folder, "src/google/protobuf/stubs/common.h");
  if (!existsSync(header)) return null;
  const number = Number(/#define GOOGLE_PROTOBUF_VERSION (\d+)/.exec(readFileSync(header, "utf8"))?.[1] ?? 0);
  return `${Math.floor(number / 1_000_000)}.${Math.floor(number / 1000) % 1000}.${number % 1000}`;
}

function check(folder, protoc, what) {
  const version = sourceVersion(folder);
  if (version === null) throw new StepError(`${what} holds no src/google/protobuf`);
  if (version !== protoc) throw new StepError(`${what} is protobuf ${version}, but protoc is ${protoc}: they must be the same`);
}

async function download(protoc) {
  if (!exists("apt-get")) {
    throw new StepError(
      `set SPANDREL_PROTOBUF_SOURCE to an unpacked source tree of protobuf ${protoc} (release "protobuf-cpp-${protoc}")`,
    );
  }
  say(`Fetching the sources of protobuf ${protoc} (5 MB) from the system's package archive`);
  rmSync(APT, { recursive: true, force: true });
  for (const part of ["parts", "lists/partial", "cache/archives/partial", "download"])
    mkdirSync(join(APT, part), { recursive: true });
  writeSourceLists();
  const options = [
    ["Dir::Etc::SourceList", "/dev/null"],
    ["Dir::Etc::SourceParts", join(APT, "parts")],
    ["Dir::State::Lists", join(APT, "lists")],
    ["Dir::Cache", join(APT, "cache")],
    ["APT::Sandbox::User", process.getuid?.() === 0 ? "root" : ""],
  ].flatMap(([name, value]) => (value === "" ? [] : ["-o", `${name}=${value}`]));
  const hint = `or set SPANDREL_PROTOBUF_SOURCE to a source tree of protobuf ${protoc}`;
  await run("apt-get", [...options, "-q", "update"], { quiet: true, what: `apt-get update for source packages (${hint})` });
  await run("apt-get", [...options, "-q", "source", "--download-only", "protobuf"], {
    quiet: true,
    cwd: join(APT, "download"),
    what: `apt-get source protobuf (${hint})`,
  });
  await unpack();
  rmSync(APT, { recursive: true, force: true });
}

/** The system's own archive, as deb-src: entries of this release only, so that third parties' lists do not matter. */
function writeSourceLists() {
  const codename = /^VERSION_CODENAME=(\S+)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "";
  const isOurs = (text) => new RegExp(`(^|\\s)${codename}(-updates|-security)?(/updates)?(\\s|$)`).test(text);
  let count = 0;
  const write = (name, text) => {
    if (text.trim() === "") return;
    writeFileSync(join(APT, "parts", name), `${text}\n`);
    count++;
  };
  for (const file of systemLists()) {
    const text = readFileSync(file, "utf8");
    const name = file.replaceAll("/", "_");
    if (file.endsWith(".sources")) {
      const stanzas = text.split(/\n\s*\n/).filter((stanza) => {
        const suites = /^Suites:(.*)$/m.exec(stanza)?.[1] ?? "";
        return /^Types:.*\bdeb\b/m.test(stanza) && isOurs(suites);
      });
      write(name, stanzas.map((stanza) => stanza.replace(/^Types:.*$/m, "Types: deb-src")).join("\n\n"));
    } else {
      const lines = text.split("\n").filter((line) => /^deb\s/.test(line) && isOurs(line));
      write(name, lines.map((line) => line.replace(/^deb\s/, "deb-src ")).join("\n"));
    }
  }
  if (count === 0) throw new StepError(`no package archive of "${codename}" in /etc/apt: set SPANDREL_PROTOBUF_SOURCE`);
}

function systemLists() {
  const folder = "/etc/apt/sources.list.d";
  const parts = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  return ["/etc/apt/sources.list", ...parts].filter((path) => existsSync(path) && /\.(list|sources)$/.test(path));
}

async function unpack() {
  const archive = readdirSync(join(APT, "download")).find((name) => /\.orig\.tar\.\w+$/.test(name));
  if (archive === undefined) throw new StepError("the source package of protobuf came without its archive");
  const target = join(APT, "unpacked");
  mkdirSync(target, { recursive: true });
  await run("tar", ["xf", join(APT, "download", archive), "-C", target, "--strip-components=1"], { quiet: true });
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  renameSync(join(target, "src"), join(FOLDER, "src"));
  renameSync(join(target, "LICENSE"), join(FOLDER, "LICENSE"));
}
