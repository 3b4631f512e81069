/** Spans for OpenTelemetry. Needs the package `@opentelemetry/api`, and an SDK that exports what it is told. */
export { traceRequests, type TracingOptions } from './trace.js';
