import { InvalidParamsError } from "@lgtm-lab/contracts";

/** By which gateway, and the rest of the query as it was sent: badly encoded, repeated, whatever one wants to try. */
export interface Try {
  readonly backend: "grpc" | "rest";
  readonly query: string;
}

/** Reads a request's address. Throws {@link InvalidParamsError} unless it says `backend=grpc` or `backend=rest`, once. */
export function readTry(url: string): Try {
  const mark = url.indexOf("?");
  const pairs = mark < 0 ? [] : url.slice(mark + 1).split("&");
  const [backends, others] = [pairs.filter(isBackend), pairs.filter((pair) => !isBackend(pair))];
  const values = backends.map((pair) => pair.slice("backend=".length));
  const [backend, more] = values;
  if ((backend !== "grpc" && backend !== "rest") || more !== undefined)
    throw new InvalidParamsError([
      { field: "backend", value: values.join(","), rule: "must be grpc or rest, and be given once" },
    ]);
  // In an address a `#` would end the query; nothing else of it means anything to fetch.
  return { backend, query: others.join("&").replaceAll("#", "%23") };
}

const isBackend = (pair: string): boolean => pair.startsWith("backend=");
