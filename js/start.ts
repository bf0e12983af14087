// The public names that nearly every application takes.

export { init, initSync, flushTraces, shutdown, stats } from "./load/init.js";
export { getCurrentActiveSpan, startSpan, withSpan } from "./tracing/fluent.js";
export { trace } from "./tracing/trace_function.js";
