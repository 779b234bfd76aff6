const ANSWER_MS = 3000;

/**
 * GETs a JSON document.
 * @throws Error that names the URL and what came instead.
 */
export async function getJson<Body>(url: string): Promise<Body> {
  return JSON.parse((await getText(url)).body) as Body;
}

/**
 * GETs a text; the status is 200.
 * @throws Error that names the URL and what came instead.
 */
export async function getText(url: string): Promise<{ body: string; headers: Headers }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) }).catch((error: Error) => {
    const cause = error.cause instanceof Error ? error.cause.message || error.cause.name : error.message;
    throw new Error(`${url}: ${cause}`);
  });
  const body = await response.text();
  if (response.status !== 200) throw new Error(`${url}: ${response.status} ${body.trim().slice(0, 200)}`);
  return { body, headers: response.headers };
}
