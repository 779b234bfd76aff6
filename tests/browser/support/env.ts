import { httpUrlVariable } from "@lgtm-lab/contracts";
import * as v from "valibot";

const url = (fallback: string) => v.optional(httpUrlVariable, fallback);
const flag = v.optional(v.pipe(v.string(), v.parseBoolean()), "false");

/** Returns the settings of the browser tests, from the environment. Throws if a variable is invalid. */
const readBrowserEnv = (variables: NodeJS.ProcessEnv = process.env) =>
  v.parse(
    v.object({
      /** The gateway that calls the services over gRPC. */
      GATEWAY_URL: url("http://127.0.0.1:8080"),
      /** The console under test. */
      CONSOLE_URL: url("http://127.0.0.1:8000"),
      /** The address of Grafana; if it responds, its dashboards are checked too. */
      GRAFANA_URL: url("http://127.0.0.1:3000"),
      /** Stops and starts components of the stack under test; only available if the tests started it. */
      LAB_CONTROL_URL: v.optional(httpUrlVariable),
      /** The state folder of the stack under test; only available if the tests started it. */
      LAB_STATE: v.optional(v.string()),
      /** OTLP/HTTP of the collector under test. */
      OTLP_URL: url("http://127.0.0.1:4318"),
      TEMPO_URL: url("http://127.0.0.1:3200"),
      /** A browser to use instead of searching for one. */
      CHROMIUM_BIN: v.optional(v.string()),
      /** Includes the long tests: `npm run test:all`. */
      LAB_TEST_ALL: flag,
      /** Runs only the long tests: `npm run test:all -- --only-long`. */
      LAB_TEST_ONLY_LONG: flag,
      /** Writes the pictures of README and docs again. */
      UPDATE_SCREENSHOTS: flag,
    }),
    variables,
  );

/** The tag of the tests that run only in `npm run test:all`. */
export const LONG = "@long";

/** The settings of this run. */
export const env = readBrowserEnv();
