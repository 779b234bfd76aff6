import { environment } from "./env.ts";

/** Every service that runs (and `init`, which has ended): all of docker-compose.yml but those that were skipped. */
export const services: readonly string[] = (environment.LAB_TEST_SERVICES ?? "").split(",").filter(Boolean);

/** Those that stay. */
export const lasting: readonly string[] = services.filter((name) => name !== "init");
