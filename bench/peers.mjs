// The peers the figures are held against, pinned, installed into build/bench.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "..");

export const PEERS = {
  "otel-newest": {
    title: "OpenTelemetry JS 3.1.1 (otlp-transformer 0.301.1)",
    packages: {
      "@opentelemetry/api": "1.10.0",
      "@opentelemetry/sdk-trace": "3.1.1",
      "@opentelemetry/otlp-transformer": "0.301.1",
      "@opentelemetry/exporter-trace-otlp-http": "0.301.0",
      protobufjs: "8.8.1",
      pbf: "5.1.2",
    },
  },
  "otel-older": {
    title: "OpenTelemetry JS 2.12.1 (otlp-transformer 0.205.0)",
    packages: {
      "@opentelemetry/api": "1.9.1",
      "@opentelemetry/sdk-trace-base": "2.12.1",
      "@opentelemetry/otlp-transformer": "0.205.0",
    },
  },
};

export const peerFolder = (name) => join(ROOT, "build/bench", name);

export function installPeers() {
  for (const [name, { packages }] of Object.entries(PEERS)) {
    const folder = peerFolder(name);
    const manifest = JSON.stringify({ private: true, type: "module", dependencies: packages }, null, 2);
    const file = join(folder, "package.json");
    if (existsSync(join(folder, "node_modules")) && existsSync(file) && readFileSync(file, "utf8") === manifest) continue;
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, manifest);
    console.log(`installing ${name}: ${Object.keys(packages).join(", ")}`);
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"], {
      cwd: folder,
      stdio: "inherit",
    });
  }
}
