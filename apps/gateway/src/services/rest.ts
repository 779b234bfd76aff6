import {
  helloResponse,
  httpUrlVariable,
  type NumbersParams,
  numberEvent,
  numbersResponse,
  SERVICES,
  TIMEOUT_HEADER,
} from "@lgtm-lab/contracts";
import type { Call } from "@lgtm-lab/service-runtime";
import { initFetchRoutes, observedFetch } from "@lgtm-lab/telemetry/fetch";
import { type EventSourceMessage, EventSourceParserStream } from "eventsource-parser/stream";
import type { Dispatcher } from "undici";
import * as v from "valibot";
import type { UpstreamTls } from "../link/tls.ts";
import { meterRequest } from "../wire/rest-bytes.ts";
import { checkStatus, fromEvent, fromFetch, parseBody } from "./errors.ts";
import {
  type GreetingClient,
  type NumbersClient,
  PROBE_MS,
  type ProtocolClients,
  type UpstreamClient,
} from "./service-clients.ts";

const ROUTE_A = SERVICES["service-a"].route;
const ROUTE_B = SERVICES["service-b"].route;

/** Returns the clients that call A and B over REST at base URLs, with TLS if it is given. */
export function restProtocol(tls?: UpstreamTls): ProtocolClients {
  initFetchRoutes([{ route: ROUTE_A }, { route: ROUTE_B }]);
  const [a, b] = [tls?.dispatcher("service-a"), tls?.dispatcher("service-b")];
  return {
    greeting: (url) => greeting({ url, dispatcher: a }),
    numbers: (url) => numbers({ url, dispatcher: b }),
    isAddress: (text) => v.is(httpUrlVariable, text) && (!tls || /^https:/i.test(text)),
  };
}

/** The base URL of a service, and how `fetch` connects to it, if not in its usual way. */
interface Base {
  readonly url: string;
  readonly dispatcher: Dispatcher | undefined;
}

/** The options of `fetch` for a service. The dispatcher of undici also works in Node's own copy, with its own types. */
const connectionWith = ({ dispatcher }: Base): RequestInit =>
  dispatcher ? { dispatcher: dispatcher as unknown as NonNullable<RequestInit["dispatcher"]> } : {};

function greeting(base: Base): GreetingClient {
  return {
    async greet({ name }, call) {
      const url = `${base.url}${ROUTE_A}?${new URLSearchParams({ name })}`;
      const body = await readBody(base, url, ROUTE_A, "service-a", call);
      return parseBody(helloResponse, body, "service-a").message;
    },
    ...connectionOf(base),
  };
}

function numbers(base: Base): NumbersClient {
  return {
    async collect(params, call) {
      const body = await readBody(base, numbersUrl(base.url, params), ROUTE_B, "service-b", call);
      return parseBody(numbersResponse, body, "service-b").values;
    },

    async *stream(params, call) {
      const progress = { responded: false, received: 0, ended: false };
      try {
        const response = await request(
          base,
          numbersUrl(base.url, params),
          ROUTE_B,
          call,
          "text/event-stream",
        );
        progress.responded = true;
        await checkStatus(response, "service-b");
        for await (const event of eventsOf(response)) {
          // Reads the response to its end, so that the connection can be used again.
          if (event.event === "end") progress.ended = true;
          if (event.event === "error") throw fromEvent(event.data, "service-b", progress.received);
          if (event.event !== "number") continue;
          yield parseBody(numberEvent, event.data, "service-b").value;
          progress.received += 1;
        }
      } catch (error) {
        if (progress.ended) return;
        throw fromFetch(error, "service-b", call, progress);
      }
    },

    ...connectionOf(base),
  };
}

const connectionOf = (base: Base): UpstreamClient => ({
  async probe() {
    try {
      const signal = AbortSignal.timeout(PROBE_MS);
      const response = await fetch(`${base.url}/readyz`, { signal, ...connectionWith(base) });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  },
  close() {
    // fetch closes idle connections itself after some seconds.
  },
});

const request = (base: Base, url: string, route: string, call: Call, accept = "application/json") =>
  meterRequest(call, () =>
    observedFetch(url, {
      ...connectionWith(base),
      route,
      signal: call.signal,
      headers: { accept, [TIMEOUT_HEADER]: String(call.remainingMs()) },
    }),
  );

/** Requests a body; throws if the status is not 200. */
async function readBody(
  base: Base,
  url: string,
  route: string,
  service: string,
  call: Call,
): Promise<string> {
  let responded = false;
  try {
    const response = await request(base, url, route, call);
    responded = true;
    await checkStatus(response, service);
    return await response.text();
  } catch (error) {
    throw fromFetch(error, service, call, { responded });
  }
}

const numbersUrl = (base: string, { count, delay_ms }: NumbersParams): string =>
  `${base}${ROUTE_B}?count=${count}&delay_ms=${delay_ms}`;

async function* eventsOf(response: Response): AsyncGenerator<EventSourceMessage> {
  if (!response.body) return;
  yield* response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
}
