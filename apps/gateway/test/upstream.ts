import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server as HttpServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import type { Protocol } from "@lgtm-lab/contracts";
import {
  type HelloReply,
  type HelloRequest,
  type NumberReply,
  ServiceAService,
  ServiceBService,
  type StreamRequest,
} from "@lgtm-lab/contracts/proto";
import { HealthImplementation } from "grpc-health-check";
import { freePort } from "../../../packages/telemetry/test/collector.ts";

/** How an upstream responds to its next call: `half-way` fails after one value of a stream, `until` waits for a promise. */
export type Behaviour =
  | "ok"
  | "fail"
  | "half-way"
  | { readonly slowMs: number }
  | { readonly until: Promise<void> };

/** A real server with the routes of A and B, whose behaviour a test can change and whose calls it can count. */
export interface TestInstance {
  /** As in the variable of the gateway. */
  readonly address: string;
  /** The number of calls that have arrived. */
  calls: number;
  behaviour: Behaviour | ((call: number) => Behaviour);
  /** Whether health checks succeed. */
  healthy: boolean;
  stop(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
}

/** Starts an upstream on a free port; it stops when the test ends. */
export async function startInstance(
  t: TestContext,
  protocol: Protocol,
  given?: Listener,
): Promise<TestInstance> {
  const at = given ?? { host: "127.0.0.1", port: await freePort() };
  const state = { calls: 0, behaviour: "ok" as TestInstance["behaviour"], healthy: true };
  /** Counts a call and returns what to do, after the delay. */
  const next = async (): Promise<"ok" | "fail" | "half-way"> => {
    state.calls += 1;
    const { behaviour } = state;
    const now = typeof behaviour === "function" ? behaviour(state.calls) : behaviour;
    if (typeof now === "string") return now;
    await ("until" in now ? now.until : setTimeout(now.slowMs));
    return "ok";
  };
  const start = protocol === "grpc" ? startGrpc : startRest;
  let running = await start(at, next, state);
  const { port } = running;
  t.after(() => running.stop());
  return Object.assign(state, {
    address: protocol === "grpc" ? `${at.host}:${port}` : `http://${at.host}:${port}`,
    stop: () => running.stop(),
    async restart() {
      running = await start({ ...at, port }, next, state);
    },
  });
}

/** A program that listens but accepts no connection. When its queue is full, the kernel does not answer further ones. */
const NEVER_ACCEPTS = `require("node:net").createServer().listen({ host: "127.0.0.1", port: 0, backlog: 1 }, function () {
  console.log(this.address().port);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
})`;
const QUEUED_CONNECTIONS = 2;

/** Returns an address that does not answer, like that of a container or machine that is gone. */
export async function startSilentAddress(t: TestContext, protocol: Protocol): Promise<string> {
  const child = spawn(process.execPath, ["-e", NEVER_ACCEPTS], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const [output] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(output.toString());
  for (let index = 0; index < QUEUED_CONNECTIONS; index += 1) {
    const socket = connect(port, "127.0.0.1");
    t.after(() => socket.destroy());
    await once(socket, "connect");
  }
  return `${protocol === "grpc" ? "" : "http://"}127.0.0.1:${port}`;
}

interface Running {
  readonly port: number;
  stop(): Promise<void>;
}
type Next = () => Promise<"ok" | "fail" | "half-way">;

/** Where a server listens; port 0 means any free port. */
interface Listener {
  readonly host: string;
  readonly port: number;
}

async function startGrpc(at: Listener, next: Next, state: { healthy: boolean }): Promise<Running> {
  const server = new Server();
  const broken = { code: status.INTERNAL, details: "broken on purpose" };
  server.addService(ServiceAService, {
    async sayHello({ request }: ServerUnaryCall<HelloRequest, HelloReply>, reply: sendUnaryData<HelloReply>) {
      if ((await next()) === "ok") reply(null, { message: `Olá, ${request.name}! [${bound}]` });
      else reply(broken);
    },
  });
  server.addService(ServiceBService, {
    async streamNumbers(call: ServerWritableStream<StreamRequest, NumberReply>) {
      const what = await next();
      if (what === "fail") return call.emit("error", broken);
      const values = Array.from({ length: what === "ok" ? call.request.count : 1 }, (_, n) => n + 1);
      for (const value of values) call.write({ value });
      if (what === "ok") call.end();
      else setImmediate(() => call.emit("error", broken));
    },
  });
  const health = new HealthImplementation({ "": "SERVING" });
  health.addToServer(server);
  const timer = setInterval(() => health.setStatus("", state.healthy ? "SERVING" : "NOT_SERVING"), 5);
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${at.host}:${at.port}`, ServerCredentials.createInsecure(), (error, at) =>
      error ? reject(error) : resolve(at),
    );
  });
  return {
    port: bound,
    async stop() {
      clearInterval(timer);
      server.forceShutdown();
    },
  };
}

async function startRest(at: Listener, next: Next, state: { healthy: boolean }): Promise<Running> {
  const sockets = new Set<Socket>();
  const server: HttpServer = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://upstream");
    if (pathname === "/readyz") return response.writeHead(state.healthy ? 200 : 503).end();
    const what = await next();
    if (what === "fail") return response.writeHead(500).end("broken on purpose");
    if (pathname === "/a/hello") {
      const message = `Olá, ${searchParams.get("name")}! [${bound}]`;
      return response.end(JSON.stringify({ from: "A", message }));
    }
    return sendNumbers(response, Number(searchParams.get("count")), what, request.headers.accept);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(at.port, at.host);
  await once(server, "listening");
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    async stop() {
      if (!server.listening) return;
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

function sendNumbers(response: ServerResponse, count: number, what: "ok" | "half-way", accept = ""): void {
  const values = Array.from({ length: what === "ok" ? count : 1 }, (_, n) => n + 1);
  if (!accept.includes("text/event-stream")) {
    if (what === "half-way") response.writeHead(500).end();
    else response.end(JSON.stringify({ from: "B", values }));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const value of values) response.write(`event: number\ndata: {"value":${value}}\n\n`);
  if (what === "ok") response.end("event: end\ndata: {}\n\n");
  else setImmediate(() => response.destroy());
}
