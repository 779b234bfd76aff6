import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Transform } from "node:stream";
import type { Settings } from "@lgtm-lab/kit";

/** How long one lot holds: connections are kept alive for long, so each draws again and again. */
const LOT_MS = 500;

/** A TCP proxy in front of one address. */
export interface LossyProxy {
  readonly host: string;
  readonly port: number;
  /** Takes no new connection, and leaves those there are in peace until their ends close them. */
  close(): void;
}

/**
 * Listens on a free port of loopback and passes everything on to `host:port`. At its start and then every half second in
 * which an answer comes, a connection draws a lot: the answer resets it (RST, to both sides), comes late, or comes
 * unharmed. Answers rather than requests, so that a call is under way for certain when its connection breaks.
 */
export async function lossyProxy(
  target: { host: string; port: number },
  settings: Settings<"link">,
  random: () => number = Math.random,
): Promise<LossyProxy> {
  let lossy = true;

  function pass(near: Socket): void {
    const far = connect({ ...target, noDelay: true });
    near.setNoDelay(true);
    let fate: "reset" | "delay" | "none" = "none";
    let drawnAt = Number.NEGATIVE_INFINITY;

    function draw(): typeof fate {
      if (!lossy) return "none";
      if (performance.now() - drawnAt < LOT_MS) return fate;
      drawnAt = performance.now();
      const lot = random();
      fate = lot < settings.reset_share ? "reset" : "none";
      if (fate === "none" && lot < settings.reset_share + settings.delay_share) fate = "delay";
      return fate;
    }

    const answers = new Transform({
      transform(chunk, _encoding, done) {
        const drawn = draw();
        if (drawn === "delay") setTimeout(done, settings.delay_ms, null, chunk);
        else if (drawn === "none") done(null, chunk);
        else for (const socket of [near, far]) socket.resetAndDestroy();
      },
    });
    far.on("error", () => near.resetAndDestroy());
    near.on("error", () => far.resetAndDestroy());
    near.once("close", () => far.destroySoon()); // the other way round the pipes do it, after what is still delayed
    near.pipe(far);
    far.pipe(answers).pipe(near);
  }

  const server: Server = createServer(pass);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    close() {
      lossy = false;
      server.close();
    },
  };
}
