// What the page says while there is nothing to show: how to send traces here.

import { copyButton, h, icon } from "./dom.js";

export function emptyState(hasReceiver: boolean, actions: readonly HTMLElement[]): HTMLElement {
  const origin = location.origin;
  const snippets: [string, string][] = [
    [
      "Spandrel",
      `import { init, trace } from "spandrel";\n\nawait init({ endpoint: "${origin}" });\nconst answer = trace(ask, { name: "ask" });`,
    ],
    ["Any OpenTelemetry SDK", `OTEL_EXPORTER_OTLP_ENDPOINT=${origin}\nOTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`],
  ];
  return h(
    "div",
    "empty",
    h("div", "empty-mark", bars()),
    h("h1", { text: hasReceiver ? "Waiting for traces" : "Open a trace" }),
    h("p", {
      text: hasReceiver
        ? "Send spans by OTLP/HTTP to this address. They appear here while they arrive, and they stay on this machine."
        : "Drop a file of OTLP JSON, JSON lines, protobuf or MLflow traces anywhere on this page. Nothing leaves this machine.",
    }),
    hasReceiver
      ? h(
          "div",
          "snippets",
          ...snippets.map(([title, text]) =>
            h(
              "section",
              "snippet",
              h(
                "div",
                "value-head",
                h("h3", { text: title }),
                h("span", "grow"),
                copyButton("Copy", () => text),
              ),
              h("pre", { text }),
            ),
          ),
        )
      : null,
    h("div", "empty-actions", ...actions),
    hasReceiver
      ? h(
          "p",
          "faint",
          icon("file"),
          " You can also drop a file of OTLP JSON, JSON lines, protobuf or MLflow traces on this page.",
        )
      : null,
  );
}

/** A small waterfall as a picture. */
function bars(): HTMLElement {
  return h(
    "div",
    { class: "bars", attributes: { "aria-hidden": "true" } },
    ...[1, 2, 3, 4, 5].map((n) => h("i", `b${String(n)}`)),
  );
}
