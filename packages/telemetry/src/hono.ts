export { initHttpRoutes, metricsHandler, observe } from "./http/observe.ts";
export { type ObservedStream, observeStream } from "./http/observe-stream.ts";
export type { KnownRoute } from "./metrics/http.ts";
