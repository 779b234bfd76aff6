/**
 * Gets `url`, reads and discards the whole response, and returns its status. It uses `node:http`, because `fetch` needs
 * twice the memory for its HTTP parser in WebAssembly, which is compiled at run time. An import of `node:http` would
 * load `fetch` too, and TLS.
 */
export function getStatus(
  url: string,
  signal: AbortSignal,
  headers: Record<string, string> = {},
): Promise<number> {
  const { get } = process.getBuiltinModule(url.startsWith("https:") ? "node:https" : "node:http");
  return new Promise((resolve, reject) => {
    get(url, { signal, headers }, (response) => {
      response
        .once("error", reject)
        .once("end", () => resolve(response.statusCode ?? 0))
        .resume();
    }).once("error", reject);
  });
}
