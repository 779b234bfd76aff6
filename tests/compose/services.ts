import { environment } from "../runner/env.ts";

/** The services of docker-compose.yml that are under test, without skipped ones. Includes `init`, which has exited. */
export const services: readonly string[] = (environment.LAB_TEST_SERVICES ?? "").split(",").filter(Boolean);

/** Services that keep running. */
export const longRunning: readonly string[] = services.filter((name) => name !== "init");
