import { credentials, Metadata } from "@grpc/grpc-js";
import { ServiceAClient, ServiceBClient } from "@lgtm-lab/contracts/proto";
import express from "express";
import { environment } from "../../runner/env.ts";

/** The gateway of `bare.ts` with Express, as in the original lab. */
const { PORT, SERVICE_A_GRPC = "", SERVICE_B_GRPC = "" } = environment;
const DEADLINE_MS = 2_000;

const a = new ServiceAClient(SERVICE_A_GRPC, credentials.createInsecure());
const b = new ServiceBClient(SERVICE_B_GRPC, credentials.createInsecure());
const deadline = () => ({ deadline: Date.now() + DEADLINE_MS });

const app = express();
app.get("/a/hello", (request, response) => {
  a.sayHello({ name: String(request.query.name) }, new Metadata(), deadline(), (error, reply) => {
    if (error) response.status(502).json({ error: error.message });
    else response.json({ from: "A", message: reply.message });
  });
});
app.get("/b/numbers", (request, response) => {
  const values: number[] = [];
  b.streamNumbers({ count: Number(request.query.count), delayMs: 0 }, deadline())
    .on("data", ({ value }) => values.push(value))
    .on("error", (error) => response.status(502).json({ error: error.message }))
    .on("end", () => {
      // grpc-js also ends a stream that has failed.
      if (!response.headersSent) response.json({ from: "B", values });
    });
});
app.listen(Number(PORT), "127.0.0.1");
