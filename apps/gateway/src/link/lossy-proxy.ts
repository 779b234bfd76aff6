import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Transform } from "node:stream";
import { resetConnection } from "@lgtm-lab/contracts";
import type { FaultSettings } from "@lgtm-lab/faults";

/** How long an effect applies to a connection. Then a new one is chosen, because connections stay open for a long time. */
const EFFECT_MS = 500;

/** A TCP proxy in front of one address. */
export interface LossyProxy {
  readonly host: string;
  readonly port: number;
  /** Stops accepting connections. Existing ones stay open and are no longer affected. */
  close(): void;
}

/**
 * Listens on a free port of loopback and forwards connections to `target`. It chooses one of three effects at random
 * for each connection, and chooses again after half a second: it resets the connection (RST to both sides), delays the
 * response, or forwards it unchanged. It acts only when a response arrives, so a reset always breaks a running call.
 */
export async function lossyProxy(
  target: { host: string; port: number },
  settings: FaultSettings<"link">,
  random: () => number = Math.random,
): Promise<LossyProxy> {
  let active = true;

  function forward(client: Socket): void {
    const upstream = connect({ ...target, noDelay: true });
    client.setNoDelay(true);
    let effect: "reset" | "delay" | "none" = "none";
    let chosenAt = Number.NEGATIVE_INFINITY;

    function chooseEffect(): typeof effect {
      if (!active) return "none";
      if (performance.now() - chosenAt < EFFECT_MS) return effect;
      chosenAt = performance.now();
      const draw = random();
      effect = draw < settings.reset_share ? "reset" : "none";
      if (effect === "none" && draw < settings.reset_share + settings.delay_share) effect = "delay";
      return effect;
    }

    const responses = new Transform({
      transform(chunk, _encoding, done) {
        const chosen = chooseEffect();
        if (chosen === "delay") setTimeout(done, settings.delay_ms, null, chunk);
        else if (chosen === "none") done(null, chunk);
        else for (const socket of [client, upstream]) resetConnection(socket);
      },
    });
    upstream.on("error", () => resetConnection(client));
    client.on("error", () => resetConnection(upstream));
    // When the upstream closes, `pipe` closes the client after the delayed data.
    client.once("close", () => upstream.destroySoon());
    client.pipe(upstream);
    upstream.pipe(responses).pipe(client);
  }

  const server: Server = createServer(forward);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    close() {
      active = false;
      server.close();
    },
  };
}
