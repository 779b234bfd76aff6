import { z } from "zod";

const url = z.url({ protocol: /^https?$/ });

/** What the browser tests are told from outside. Throws when a variable is not what it must be. */
export const readBrowserEnv = (variables: NodeJS.ProcessEnv = process.env) =>
  z
    .object({
      /** The gateway in front of gRPC. */
      GATEWAY_URL: url.default("http://127.0.0.1:8080"),
      /** The console under test. */
      CONSOLE_URL: url.default("http://127.0.0.1:8000"),
      /** Where Grafana would be; the dashboards are looked at there too when one answers. */
      GRAFANA_URL: url.default("http://127.0.0.1:3000"),
      /** Stops and starts components of the stack under test; only a stack of the tests' own has it. */
      LAB_CONTROL_URL: url.optional(),
      /** OTLP/HTTP of the collector under test. */
      OTLP_URL: url.default("http://127.0.0.1:4318"),
      TEMPO_URL: url.default("http://127.0.0.1:3200"),
      /** A browser to use in place of those that are looked for. */
      CHROMIUM_BIN: z.string().optional(),
      /** Writes the pictures of README and docs anew. */
      UPDATE_SCREENSHOTS: z.stringbool().default(false),
    })
    .parse(variables);

/** The settings of this run. */
export const env = readBrowserEnv();
