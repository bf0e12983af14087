// The receiver's decoder: the viewer module, the very code the page reads the same bytes with.
import { readFile } from "node:fs/promises";
import { TraceError } from "../trace_error.js";
import { openViewer, type Viewer } from "../viewer/viewer.js";
import { verdictOf, type Decoder } from "./decoder.js";

/**
 * Loads the module. Should an input ever kill it, that check and those until a fresh instance is there throw; the
 * receiver answers them 503.
 */
export async function loadCoreDecoder(): Promise<Decoder> {
  const compiled = await WebAssembly.compile(await readFile(new URL("../../build/module/spandrel_viewer.wasm", import.meta.url)));
  let viewer: Viewer | null = await openViewer(compiled);
  const startAgain = (): void => {
    viewer = null;
    openViewer(compiled).then(
      (fresh) => void (viewer = fresh),
      () => {}, // stays 503: the command goes on receiving nothing rather than ending
    );
  };
  return {
    check(bytes, encoding) {
      if (!viewer) throw new Error("the viewer module is starting again");
      try {
        return verdictOf(encoding === "json" ? viewer.checkJson(bytes) : viewer.checkProtobuf(bytes));
      } catch (error) {
        if (!(error instanceof TraceError)) throw error;
        if (error.errorCode !== "INTERNAL_ERROR") {
          return { spans: 0, error: { code: error.errorCode, message: error.message, offset: 0 } };
        }
        startAgain();
        throw error;
      }
    },
  };
}
