// First, before anything that imports node:http or @grpc/grpc-js: see instrumentations.ts.
import "./tracing/instrumentations.ts";
import { isMainThread } from "node:worker_threads";
import { keepLoopbackDirect } from "./env.ts";
import { start } from "./start.ts";

// A preload also runs in every worker thread that inherits the command line.
if (isMainThread) {
  keepLoopbackDirect();
  start();
}
