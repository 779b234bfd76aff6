import { type Logger, pino } from "pino";
import { replicaFields, serviceName } from "../env.ts";
import { lokiLevel } from "./levels.ts";
import { timeAndIds, writeSeparately } from "./logger.ts";

/**
 * The audit log: lines about who did what, for which other rules apply than for the lines of {@link logger}. In Loki
 * they are in a separate stream with the label `log="audit"`, and are not on stdout. If lines are not sent to Loki, or the
 * log worker has crashed, they are on stdout with the field `log`. LOG_LEVEL does not apply to them.
 */
export const auditLogger: Logger = pino(
  {
    level: "info",
    base: { service_name: serviceName, ...replicaFields },
    // Before anything that an app logs, so that no line of the other logger can look like one of this.
    timestamp: () => `${timeAndIds()},"log":"audit"`,
    formatters: { level: (label) => ({ level: lokiLevel(label) }) },
  },
  { write: writeSeparately },
);
