import { fileURLToPath } from "node:url";

/** The path of `pspd.proto`, for gRPC reflection. */
export const PROTO_PATH = fileURLToPath(new URL("../pspd.proto", import.meta.url));

export * from "./generated/pspd.ts";
