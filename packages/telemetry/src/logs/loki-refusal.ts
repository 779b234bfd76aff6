/**
 * The messages of Loki's distributor about single lines. Its other messages are about a whole stream or push and do not
 * contain the number of lines.
 */
const OF_A_LINE = [
  /^entry for stream '.*' has timestamp too (old|new)/s,
  /^max entry size '/,
  /^stream '.*' has structured metadata too large/s,
  /^stream '.*' has too many structured metadata labels/s,
  /^stream '.*' includes structured metadata, but/s,
];

/**
 * Returns how many of the `all` lines of a push Loki rejected, from the text of its 400 response. Loki stores the other
 * lines. Returns `all` if the text does not contain the number. Source: Loki's distributor.go, util/errors.go and
 * ingester/stream.go.
 */
export function refusedLines(text: string, all: number): number {
  const [, some, ofStream] = /total ignored: (\d+) out of (\d+) for stream: /.exec(text) ?? [];
  // The ingester reports one stream only. Lines of the other streams may be rejected too.
  if (some && ofStream) return atMost(all, all - (Number(ofStream) - Number(some)));
  let refused = 0;
  for (const part of text.split(/; (?=\d+ errors like: )/)) {
    const [, count = "1", reason = ""] = /^(?:(\d+) errors like: )?(.*)$/s.exec(part) ?? [];
    if (!OF_A_LINE.some((known) => known.test(reason))) return all;
    refused += Number(count);
  }
  return atMost(all, refused);
}

const atMost = (most: number, value: number): number => Math.max(0, Math.min(most, value));

/** Returns the number of lines in a push body. */
export function linesIn(body: string): number {
  const { streams } = JSON.parse(body) as { streams: { values: unknown[] }[] };
  return streams.reduce((sum, { values }) => sum + values.length, 0);
}
