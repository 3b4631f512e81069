/** Metrics for Prometheus, over prom-client. */
export { collectMetrics, type Metrics, type MetricsOptions } from './collect.js';
