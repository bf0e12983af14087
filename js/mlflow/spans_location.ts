/** Where the server keeps a trace's spans, as its tag `mlflow.trace.spansLocation` says. */
export const SpansLocation = {
  TRACKING_STORE: "TRACKING_STORE",
  ARTIFACT_REPO: "ARTIFACT_REPO",
  ARCHIVE_REPO: "ARCHIVE_REPO",
} as const;
