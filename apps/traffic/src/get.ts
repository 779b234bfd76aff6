import { Agent, get as httpGet } from "node:http";
import { Agent as HttpsAgent, get as httpsGet } from "node:https";

const agents = { "http:": new Agent({ keepAlive: true }), "https:": new HttpsAgent({ keepAlive: true }) };

/**
 * Gets `url`, reads and discards the whole response, and returns its status. By `node:http`, because `fetch` needs
 * twice the memory for its HTTP parser in WebAssembly, which is compiled at run time.
 */
export function getStatus(url: string, signal: AbortSignal): Promise<number> {
  const secure = url.startsWith("https:");
  const agent = agents[secure ? "https:" : "http:"];
  return new Promise((resolve, reject) => {
    (secure ? httpsGet : httpGet)(url, { agent, signal }, (answer) => {
      answer
        .once("error", reject)
        .once("end", () => resolve(answer.statusCode ?? 0))
        .resume();
    }).once("error", reject);
  });
}
