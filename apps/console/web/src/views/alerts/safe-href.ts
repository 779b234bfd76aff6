const PLACE = "http://own.invalid";

/**
 * A link that may be followed: http(s), or a path of the console's own. Labels and annotations are whatever a sender wrote,
 * so `javascript:` and the like give nothing. A link to the console by its own address becomes a path of wherever it is.
 */
export function safeHref(text: string | undefined, ownOrigin: string): string | undefined {
  if (!text) return undefined;
  const url = URL.parse(text, PLACE);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:") || url.username || url.password)
    return undefined;
  const path = url.pathname + url.search + url.hash;
  if (url.origin === PLACE) return text.startsWith("/") ? path : undefined;
  return url.origin === ownOrigin ? path : url.href;
}
