import {
  helloReply,
  type NumbersParams,
  numberEvent,
  numbersReply,
  TIMEOUT_HEADER,
} from "@lgtm-lab/contracts";
import type { Call } from "@lgtm-lab/kit";
import { initFetchRoutes, observedFetch } from "@lgtm-lab/telemetry/fetch";
import { type EventSourceMessage, EventSourceParserStream } from "eventsource-parser/stream";
import { metered } from "../wire/fetch-bytes.ts";
import { type Backend, PROBE_MS } from "./backend.ts";
import { checkAnswer, fromEvent, fromFetch, parseBody } from "./rest-errors.ts";

/** A and B over REST, at a base URL each. */
export function restBackend(baseA: string, baseB: string): Backend {
  initFetchRoutes([{ route: "/a/hello" }, { route: "/b/numbers" }]);
  return {
    async greet({ name }, call) {
      const url = `${baseA}/a/hello?${new URLSearchParams({ name })}`;
      return parseBody(helloReply, await read(url, "/a/hello", "service-a", call), "service-a").message;
    },

    async collect(params, call) {
      const body = await read(numbersUrl(baseB, params), "/b/numbers", "service-b", call);
      return parseBody(numbersReply, body, "service-b").values;
    },

    async *stream(params, call) {
      const progress = { answered: false, received: 0, ended: false };
      try {
        const answer = await ask(numbersUrl(baseB, params), "/b/numbers", call, "text/event-stream");
        progress.answered = true;
        await checkAnswer(answer, "service-b");
        for await (const event of eventsOf(answer)) {
          // Read on to the end of the answer, so that its connection can carry the next one.
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

    async probe() {
      const ready = async (base: string) => {
        try {
          const answer = await fetch(`${base}/readyz`, { signal: AbortSignal.timeout(PROBE_MS) });
          await answer.body?.cancel();
          return answer.ok;
        } catch {
          return false;
        }
      };
      const [upA, upB] = await Promise.all([ready(baseA), ready(baseB)]);
      return { "service-a": upA, "service-b": upB };
    },

    close() {
      // Idle connections belong to fetch, which closes them after seconds.
    },
  };
}

const ask = (url: string, route: string, call: Call, accept = "application/json") =>
  metered(call, () =>
    observedFetch(url, {
      route,
      signal: call.signal,
      headers: { accept, [TIMEOUT_HEADER]: String(call.remainingMs()) },
    }),
  );

/** The body of a 200; anything else throws. */
async function read(url: string, route: string, service: string, call: Call): Promise<string> {
  let answered = false;
  try {
    const answer = await ask(url, route, call);
    answered = true;
    await checkAnswer(answer, service);
    return await answer.text();
  } catch (error) {
    throw fromFetch(error, service, call, { answered });
  }
}

const numbersUrl = (base: string, { count, delay_ms }: NumbersParams): string =>
  `${base}/b/numbers?count=${count}&delay_ms=${delay_ms}`;

async function* eventsOf(answer: Response): AsyncGenerator<EventSourceMessage> {
  if (!answer.body) return;
  yield* answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
}
