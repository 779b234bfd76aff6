import { fileURLToPath } from "node:url";

/** Where `pspd.proto` lies, for gRPC reflection and for tools that want the source rather than the generated types. */
export const PROTO_PATH = fileURLToPath(new URL("../pspd.proto", import.meta.url));

export * from "./generated/pspd.ts";
