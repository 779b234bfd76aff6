import { connect } from "node:net";

/**
 * `node connect.ts <host:port>…` prints for each address, as a JSON array, whether a connection is accepted. The tests run
 * it in the network of a pod.
 */
const TIMEOUT_MS = 3_000;

const isAccepted = (address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const [host = "", port] = address.split(":");
    const socket = connect({ host, port: Number(port), timeout: TIMEOUT_MS });
    const end = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket
      .on("connect", () => end(true))
      .on("timeout", () => end(false))
      .on("error", () => end(false));
  });

console.log(JSON.stringify(await Promise.all(process.argv.slice(2).map(isAccepted))));
