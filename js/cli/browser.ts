// Opens an address in the user's browser: `--open`.
import { spawn } from "node:child_process";

/** Tries the system's opener; where there is none nothing happens, the address is printed anyway. */
export function openInBrowser(url: string): void {
  const openers: Partial<Record<NodeJS.Platform, [string, ...string[]]>> = {
    darwin: ["open", url],
    win32: ["rundll32", "url.dll,FileProtocolHandler", url], // no shell: `&` in an address stays text
  };
  const [program, ...args] = openers[process.platform] ?? ["xdg-open", url];
  const child = spawn(program, args, { detached: true, stdio: "ignore" });
  child.on("error", () => {});
  child.unref();
}
