import { SAMPLE_REQUESTS, SERVICE_NAMES } from "@lgtm-lab/contracts";
import { COMPONENTS } from "@lgtm-lab/stack";
import { faultAdminUrls, scrapeTargets } from "../../deploy/container/env.ts";

const { instances, services } = scrapeTargets({ tls: false });

/** Prints the services that each part of the repository lists. files.test.ts runs it in the clone. */
console.log(
  JSON.stringify({
    "the registry": SERVICE_NAMES,
    "the launcher": COMPONENTS.map(({ name }) => name),
    "the doctor and the matrix": SAMPLE_REQUESTS.flatMap(({ crosses }) => crosses),
    "the fault client in containers": Object.keys(faultAdminUrls),
    "Prometheus in containers": [...instances, ...services].map(({ labels }) => labels.service_name),
  }),
);
