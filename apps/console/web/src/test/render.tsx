import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactElement } from "react";
import { createBrowserRouter } from "react-router";
import { RouterProvider } from "react-router/dom";
import { vi } from "vitest";

/** Renders an element at an address, with an empty query cache. */
export function renderAt(address: string, element: ReactElement) {
  history.replaceState(null, "", address);
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const router = createBrowserRouter([{ path: "*", element }]);
  return render(
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
}

/** A response of the mock server: JSON, an error response, or a promise that never settles (`pending`). */
type StubResponse = unknown | Response | ((url: URL, init?: RequestInit) => unknown);

/** Returns a response that never arrives. */
export const pending = () => new Promise<never>(() => undefined);

/** Creates a problem document response. */
export const problem = (status: number, detail: string, more: object = {}) =>
  new Response(JSON.stringify({ title: "Problem", status, detail, ...more }), {
    status,
    headers: { "content-type": "application/problem+json" },
  });

/** Mocks `fetch` with responses by path prefix; the longest match wins. Throws for a path without a response. */
export function serve(responses: Readonly<Record<string, StubResponse>>) {
  const paths = Object.keys(responses).sort((a, b) => b.length - a.length);
  const requests: string[] = [];
  const fetched = vi.fn(async (input: string, init?: RequestInit) => {
    const url = new URL(input, location.origin);
    requests.push(`${init?.method ?? "GET"} ${url.pathname}${url.search}`);
    const path = paths.find((one) => url.pathname.startsWith(one));
    if (path === undefined) throw new Error(`The test has no response for ${url.pathname}.`);
    const given = responses[path];
    const response = await (typeof given === "function" ? given(url, init) : given);
    return response instanceof Response ? response.clone() : Response.json(response);
  });
  vi.stubGlobal("fetch", fetched);
  return { requests };
}
