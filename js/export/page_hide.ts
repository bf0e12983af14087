// What happens to pending spans when a page is hidden or goes away. There may be no later, so
// everything happens before the event handler returns: commit, encode, compress, start requests that
// outlive the page. What does not fit into the browser's budget stays in the queue for the case that
// the page comes back.

import type { AnyDestination } from "./destination_options.js";
import { OtlpHttpSender } from "./otlp_http_sender.js";
import { isTraceExporter } from "./trace_exporter.js";

/** `window` and `document`, as far as they are used. */
export interface PageHost {
  readonly window: EventTarget;
  readonly document: EventTarget & { readonly visibilityState: string };
}

type GzipSync = (bytes: Uint8Array) => Uint8Array;

export interface PageHideOptions {
  host: PageHost;
  destinations: () => readonly AnyDestination[];
  /** Compression that needs no waiting, loaded ahead of time. */
  loadGzip?: () => Promise<GzipSync>;
}

/** Installs the handlers; the result removes them. */
export function installPageHide({ host, destinations, loadGzip = loadFflate }: PageHideOptions): () => void {
  let gzipSync: GzipSync | null = null;
  let isHidden = false;
  if (destinations().some(({ exporter }) => exporter instanceof OtlpHttpSender && exporter.compression === "gzip")) {
    loadGzip().then(
      (loaded) => {
        gzipSync = loaded;
      },
      () => {
        // without it the pieces are smaller; nothing else changes
      },
    );
  }

  const sendAll = (): void => {
    for (const destination of destinations()) sendOne(destination, gzipSync);
  };
  const onHide = (): void => {
    if (!isHidden) {
      isHidden = true;
      for (const destination of destinations()) destination.setHidden(announcer(destination, () => gzipSync));
    }
    sendAll();
  };
  const onShow = (): void => {
    if (!isHidden) return;
    isHidden = false;
    for (const destination of destinations()) destination.setHidden(null);
  };
  const onVisibility = (): void => {
    if (host.document.visibilityState === "hidden") onHide();
    else onShow();
  };

  const { window, document } = host;
  const handlers: readonly (readonly [EventTarget, string, () => void])[] = [
    [document, "visibilitychange", onVisibility],
    [document, "freeze", onHide],
    [window, "pagehide", onHide],
    // From the back-forward cache: the same page goes on.
    [window, "pageshow", onVisibility],
  ];
  for (const [target, event, handler] of handlers) target.addEventListener(event, handler);
  return () => {
    for (const [target, event, handler] of handlers) target.removeEventListener(event, handler);
    onShow();
  };
}

function sendOne(destination: AnyDestination, gzipSync: GzipSync | null): void {
  const { exporter } = destination;
  if (exporter instanceof OtlpHttpSender) destination.sendNow((batch) => exporter.sendNow(batch, gzipSync));
  else {
    void destination.flush();
    // The first requests of whole traces start now; a page that is not closed sends the others.
    if (isTraceExporter(exporter)) destination.sendNow(() => ({ kind: "no_room" }));
  }
}

/** While the page is hidden, spans leave as soon as the code that ended them is through. */
function announcer(destination: AnyDestination, gzipSync: () => GzipSync | null): () => void {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    queueMicrotask(() => {
      isDue = false;
      sendOne(destination, gzipSync());
    });
  };
}

async function loadFflate(): Promise<GzipSync> {
  const { gzipSync } = await import("fflate");
  return (bytes) => gzipSync(bytes);
}
