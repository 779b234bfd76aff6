import { oneOf, text } from "../../url/codecs.ts";

export const QUERY = text("{ }");
export const LIMIT = oneOf(["20", "50", "100", "200"], "20");
export const TAB = oneOf(["search", "map"], "search");
export const SPAN = text();
/** Where one looks for an id, a query says nothing. */
export const ID_OR_QUERY = /^\s*[0-9a-f]{16,32}\s*$/i;
