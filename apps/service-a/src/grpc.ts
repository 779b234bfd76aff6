import { callBudgetMs, parseHelloRequest } from "@lgtm-lab/contracts";
import type { ServiceAServer } from "@lgtm-lab/contracts/proto";
import type { Faults } from "@lgtm-lab/faults";
import type { Lifecycle } from "@lgtm-lab/service-runtime";
import { openGrpcCall, toGrpcError } from "@lgtm-lab/service-runtime/grpc";
import { greeting } from "./greeting.ts";

/** Returns the gRPC implementation of service A. An invalid name is answered with INVALID_ARGUMENT. */
export const serviceA = (lifecycle: Lifecycle, faults: Faults): ServiceAServer => ({
  async sayHello(call, callback) {
    try {
      const params = parseHelloRequest(call.request);
      if (faults.isAnyActive) {
        using opened = openGrpcCall(call, callBudgetMs(), lifecycle.shutdownSignal);
        await faults.applyTo(opened);
      }
      callback(null, { message: greeting(params, "A") });
    } catch (error) {
      callback(toGrpcError(error));
    }
  },
});
