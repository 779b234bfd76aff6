export * from "./alerts.ts";
export * from "./limits.ts";
export * from "./origins.ts";
export * from "./parse.ts";
export * from "./problem.ts";
export * from "./replies.ts";
export * from "./requests.ts";
