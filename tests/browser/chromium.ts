// The browser that the tests of this folder drive: the one npm test found (SPANDREL_CHROMIUM), without what a
// fresh Chromium does of its own accord on the network.
import { chromium, type Browser } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env["SPANDREL_CHROMIUM"] ?? "/usr/bin/chromium", args: FLAGS });
}
