import { environment } from "../runner/env.ts";

/** Every service that runs (and `init`, which has ended): all of docker-compose.yml except those that were skipped. */
export const services: readonly string[] = (environment.LAB_TEST_SERVICES ?? "").split(",").filter(Boolean);

/** Services that keep running. */
export const lasting: readonly string[] = services.filter((name) => name !== "init");
