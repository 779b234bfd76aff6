import { join } from "node:path";
import { z } from "zod";

const port = z.coerce.number().int().min(0).max(65_535);
const address = (fallback: string) => z.url({ protocol: /^https?$/ }).default(fallback);
const NAMES = ["GATEWAY", "GATEWAY_REST", "GRAFANA", "PROMETHEUS", "ALERTMANAGER", "TEMPO", "LOKI"] as const;
/** `GRAFANA_PUBLIC_URL` and so on. */
const publicAddresses = Object.fromEntries(
  NAMES.map((name) => [`${name}_PUBLIC_URL`, z.url({ protocol: /^https?$/ }).optional()]),
) as Record<`${(typeof NAMES)[number]}_PUBLIC_URL`, z.ZodOptional<z.ZodURL>>;
const list = z
  .string()
  .default("")
  .transform((text) => text.split(",").filter((each) => each !== ""));

/** The clone: the console serves its docs/ and its grafana/dashboards/. */
export const REPOSITORY = join(import.meta.dirname, "../../..");

/** Where the console listens, keeps its state, and finds the others. Throws when a variable is not what it must be. */
export const readEnv = (variables: NodeJS.ProcessEnv = process.env) =>
  z
    .object({
      HOST: z.string().default("127.0.0.1"),
      CONSOLE_PORT: port.default(8000),
      /** By what else than loopback it is reached, `name:port` with commas between: for containers. */
      CONSOLE_HOSTS: list,
      LAB_STATE: z.string().default(join(REPOSITORY, ".lab")),
      /** The web application, built. */
      CONSOLE_DIST: z.string().default(join(REPOSITORY, "apps/console/dist")),
      DASHBOARDS: z.string().default(join(REPOSITORY, "grafana/dashboards")),
      GATEWAY_URL: address("http://127.0.0.1:8080"),
      GATEWAY_REST_URL: address("http://127.0.0.1:8081"),
      GRAFANA_URL: address("http://127.0.0.1:3000"),
      PROMETHEUS_URL: address("http://127.0.0.1:9090"),
      ALERTMANAGER_URL: address("http://127.0.0.1:9093"),
      TEMPO_URL: address("http://127.0.0.1:3200"),
      /** Not LOKI_URL: by that one the telemetry package pushes log lines. */
      CONSOLE_LOKI_URL: address("http://127.0.0.1:3100"),
      /** By what address a browser reaches each, where that is another: in containers. */
      ...publicAddresses,
      FAULT_ADMIN_GATEWAY_URL: address("http://127.0.0.1:9900"),
      FAULT_ADMIN_REST_URL: address("http://127.0.0.1:9901"),
      FAULT_ADMIN_A_URL: address("http://127.0.0.1:9902"),
      FAULT_ADMIN_B_URL: address("http://127.0.0.1:9903"),
      /** Opens them; without it, the one that the launcher keeps in LAB_STATE. */
      FAULT_ADMIN_TOKEN: z.string().optional(),
    })
    .parse(variables);

/** The console's settings. */
export type Env = ReturnType<typeof readEnv>;
