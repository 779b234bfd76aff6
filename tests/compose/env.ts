import { homedir } from "node:os";
import { join } from "node:path";

/** The folder that keeps the engine's data and the Debian base between runs. */
export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "lgtm-lab/containers");

/** The certificates that npm needs on this machine, if any: the substitute for the Node image needs them too. */
export const EXTRA_CERTIFICATES = process.env.NODE_EXTRA_CA_CERTS;
