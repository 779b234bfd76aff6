import { messageOf } from "@lgtm-lab/contracts";
import { Faults } from "@lgtm-lab/faults";
import { Problem, type TlsFiles } from "@lgtm-lab/service-runtime";
import type { MutualTls } from "@lgtm-lab/service-runtime/tls";

/** Returns the faults of service A (docs/faults.md). While `expired-cert` is active, the service uses the files in `expired`. */
export const serviceAFaults = ({
  tls,
  expired,
}: {
  tls?: MutualTls | undefined;
  expired?: TlsFiles | undefined;
} = {}) =>
  new Faults({
    "slow-a": { kind: "slow" },
    "errors-a": { kind: "errors" },
    "slow-a-one": { kind: "slow" },
    "flaky-a": { kind: "errors", defaults: { share: 0.1 } },
    "expired-cert": {
      kind: "certificate",
      begin: async () => {
        if (!tls || !expired)
          throw new Problem(
            "invalid-parameter",
            "It needs TLS_CERT_FILE, and the expired certificate in FAULT_TLS_CERT_FILE and FAULT_TLS_KEY_FILE.",
          );
        try {
          return tls.credentials.useInstead(expired);
        } catch (error) {
          throw new Problem("invalid-parameter", messageOf(error), { cause: error });
        }
      },
    },
  });
