import { homedir } from "node:os";
import { join } from "node:path";

/** The environment of the programs below. */
export const environment = process.env as Readonly<Record<string, string>>;

/** Where the engine's data and the Debian base are kept between runs. */
export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "lgtm-lab/containers");

/** The certificates that npm needs on this machine, if any: the substitute for the Node image needs them too. */
export const EXTRA_CERTIFICATES = process.env.NODE_EXTRA_CA_CERTS;
