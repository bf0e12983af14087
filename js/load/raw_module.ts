// The built module, typed by hand. Only js/load/ and js/viewer/ import this.
// Names are the C++ names of the bindings in wasm/. Numbers alone cross, unsigned ones arrive signed.

export interface RawModule {
  /** A new one after memory has grown. */
  HEAPU8: Uint8Array;

  // wasm/handover.cpp
  stackPointer(): number;
  restoreStack(pointer: number): void;
  inputBuffer(bytes: number): number;
  shrinkBuffers(): void;
  outputAddress(): number;
  errorOffset(): number;
  messageLength(): number;

  // wasm/recorder_bindings.cpp
  grammarVersion(): number;
  stagingAddress(wordBytes: number, ropeBytes: number): number;
  ropeAddress(): number;
  appendTexts(byteLength: number): number;
  stagedPortable(wordBytes: number, ropeBytes: number, ropeUnits: number): number;
  commitStaged(wordBytes: number, ropeBytes: number, ropeUnits: number, recordCount: number): number;
  addDestination(): number;
  setDestinationLimits(destination: number, maxBytes: number, maxSpans: number, holdsTraces: boolean): void;
  readySpans(destination: number): number;
  takeBatch(destination: number, maxSpans: number, maxBytes: number): number;
  batchSpanCount(destination: number, batch: number): number;
  encodeBatch(destination: number, batch: number): number;
  encodeBatchJson(destination: number, batch: number): number;
  batchRecords(destination: number, batch: number): number;
  settleDelivered(destination: number, batch: number, rejected: number): void;
  settleLost(destination: number, batch: number, reason: number): void;
  splitBatch(destination: number, batch: number): number;
  releaseTrace(destination: number, traceIdLength: number): number;
  releaseAllTraces(destination: number): void;
  drainDestination(destination: number, reason: number): void;
  countLost(destination: number, reason: number, spans: number): void;
  destinationCounters(destination: number): number;
  pendingRecords(traceIdLength: number): number;
  setOrigin(wordBytes: number, ropeBytes: number, ropeUnits: number): number;

  // further bindings: js/load/*_core.ts look them up by name
  [binding: string]: unknown;
}
