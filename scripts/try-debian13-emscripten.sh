#!/usr/bin/env bash
# Builds the WebAssembly modules with Debian 13's Emscripten (3.1.69) and checks that they start.
#
#   sudo scripts/try-debian13-emscripten.sh [folder]      default folder: build/debian13 (about 2.5 GB)
#
# Needs root and debootstrap (apt-get install debootstrap), and a Debian mirror: the one the system's own
# source list names, or DEBIAN_MIRROR. A small Debian 13 is unpacked into the folder, once; the sources are copied
# into it and built there by its own compiler, so nothing of this system's changes. The modules are left in
# <folder>/modules. This is a try, not part of `npm test`.
set -euo pipefail
cd "$(dirname "$0")/.."
project=$PWD
folder=$(realpath -m "${1:-build/debian13}")
system=$folder/system

mirror=${DEBIAN_MIRROR:-$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
  grep -oE 'https?://[^ ]+/debian/?( |$)' | head -1 | tr -d ' ' || true)}
[ "$(id -u)" = 0 ] || { echo "run it as root: debootstrap and chroot need that" >&2; exit 1; }
[ -n "$mirror" ] || { echo "no Debian mirror found in /etc/apt: set DEBIAN_MIRROR" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "missing: debootstrap (apt-get install debootstrap)" >&2; exit 1; }

if [ ! -e "$system/usr/bin/emcc" ]; then
  echo "Unpacking Debian 13 from $mirror"
  mkdir -p "$system"
  [ -e "$system/usr/bin/apt-get" ] ||
    debootstrap --variant=minbase --include=ca-certificates trixie "$system" "$mirror"
  echo "Installing Emscripten, CMake, Ninja, protoc and nlohmann_json in it"
  # The archive may be reached through this system's proxy or certificates only.
  cp -L /etc/resolv.conf "$system/etc/resolv.conf"
  cp -r /etc/apt/apt.conf.d/. "$system/etc/apt/apt.conf.d/" 2>/dev/null || true
  chroot "$system" apt-get -q update
  DEBIAN_FRONTEND=noninteractive chroot "$system" apt-get -q -y install --no-install-recommends \
    emscripten cmake ninja-build g++ protobuf-compiler nlohmann-json3-dev
fi

node scripts/setup.mjs >/dev/null   # fetches the sources of protobuf-lite
work=$system/spandrel
rm -rf "$work"
mkdir -p "$work/build"
cp -r CMakeLists.txt CMakePresets.json cmake src wasm scripts package.json package-lock.json "$work/"
cp -r build/protobuf "$work/build/protobuf"

version=$(chroot "$system" emcc --version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -1)
echo "Building with Emscripten $version"

chroot "$system" env SPANDREL_PROTOBUF_SOURCE=/spandrel/build/protobuf \
  node /spandrel/scripts/build.mjs wasm

mkdir -p "$folder/modules"
cp "$work"/build/wasm/wasm/*.mjs "$work"/build/wasm/wasm/*.wasm "$folder/modules/"
for module in spandrel_core spandrel spandrel_viewer spandrel_classes; do
  node --input-type=module - "$folder/modules/$module" <<'CHECK'
import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const path = process.argv[2];
const name = path.split("/").pop();
const bytes = readFileSync(`${path}.wasm`);
const compiled = new WebAssembly.Module(bytes);
const asked = WebAssembly.Module.imports(compiled);
let answer;
if (existsSync(`${path}.mjs`)) {
  const { default: createModule } = await import(pathToFileURL(`${path}.mjs`));
  const module = await createModule({
    instantiateWasm(imports, done) {
      const instance = new WebAssembly.Instance(compiled, imports);
      done(instance);
      return instance.exports;
    },
  });
  answer = module._inputBuffer(64);
} else {
  const imports = {};
  for (const { module, name } of asked) (imports[module] ??= {})[name] = () => {};
  const { exports } = new WebAssembly.Instance(compiled, imports);
  exports._initialize();
  exports.restoreStack(exports.stackPointer());
  answer = exports.inputBuffer(64);
}
if (answer === 0) throw new Error("no input buffer");
const imported = existsSync(`${path}.mjs`) ? "its glue's" : asked.map(({ name }) => name).join(", ");
console.log(`${name}: starts, ${bytes.length} bytes, imports: ${imported}`);
CHECK
done
echo "Debian 13's Emscripten $version builds the modules: $folder/modules"
cd "$project"
