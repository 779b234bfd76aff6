/**
 * An id as hex. Tempo of 2023 writes ids in base64 (`wE4Z9N5rdFSBn2k/HFdghw==`), newer ones in hex; 16 hex digits
 * are base64 of 12 bytes too, so the length that an id must have decides.
 */
export function hexId(id: unknown, bytes: 8 | 16): string | undefined {
  if (typeof id !== "string" || id === "") return undefined;
  if (/^[0-9a-f]+$/i.test(id) && id.length === bytes * 2) return notZero(id.toLowerCase());
  try {
    const text = atob(id.replaceAll("-", "+").replaceAll("_", "/"));
    if (text.length !== bytes) return undefined;
    return notZero(Array.from(text, (one) => one.charCodeAt(0).toString(16).padStart(2, "0")).join(""));
  } catch {
    return undefined;
  }
}

/**
 * A trace id as somebody gives it: Tempo cuts leading zeros in its exemplars, so 31 digits are an id as well. Nothing
 * for what is none.
 */
export function traceId(text: string): string | undefined {
  const bare = text.trim().toLowerCase();
  return /^[0-9a-f]{1,32}$/.test(bare) ? notZero(bare.padStart(32, "0")) : undefined;
}

const notZero = (id: string): string | undefined => (/^0+$/.test(id) ? undefined : id);
