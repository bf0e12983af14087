// What nearly every application takes: no public entry of its own, but a boundary of the bundles, so
// that what pages load at once shares no file with what is loaded later or not at all.

export { init, initSync, flushTraces, shutdown, stats } from "./load/init.js";
export { getCurrentActiveSpan, startSpan, withSpan } from "./tracing/fluent.js";
export { trace } from "./tracing/trace_function.js";
