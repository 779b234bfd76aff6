import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { lokiSender } from "./loki-sender.ts";

const STREAM = `{service_name="a", level="info"}`;
const TOO_OLD = `entry for stream '${STREAM}' has timestamp too old: 2026-01-01T00:00:00Z, oldest acceptable timestamp is: 2026-02-01T00:00:00Z`;
const TOO_NEW = `entry for stream '${STREAM}' has timestamp too new: 2027-01-01T00:00:00Z`;
const TOO_LONG = `max entry size '262144' bytes exceeded for stream '${STREAM}' while adding an entry with length '300000' bytes`;
const METADATA = `stream '${STREAM}' has structured metadata too large: '70000' bytes, limit: '65536' bytes. Please see \`limits_config.max_structured_metadata_size\` or contact your Loki administrator to increase it`;
const IGNORED = `entry with timestamp 2026-01-01 00:00:00 +0000 UTC ignored, reason: 'entry too far behind, entry timestamp is: 2026-01-01T00:00:00Z, oldest acceptable timestamp is: 2026-02-01T00:00:00Z',\n`;
const ignored = (some: number, all: number) =>
  `${IGNORED.repeat(some)}user 'fake', total ignored: ${some} out of ${all} for stream: ${STREAM}`;

/** Responses of Loki 3.7.8 to a push of 10 lines, 6 of them in one stream; and how many lines it did not store. */
const REJECTIONS: [what: string, text: string, rejected: number][] = [
  ["one line too long", TOO_LONG, 1],
  ["three lines alike", `3 errors like: ${METADATA}`, 3],
  [
    "lines of several kinds",
    `1 errors like: ${TOO_OLD}; 2 errors like: ${TOO_LONG}; 1 errors like: ${TOO_NEW}`,
    4,
  ],
  ["more errors than lines", `11 errors like: ${TOO_LONG}`, 10],
  ["lines too far behind, in one stream of ten lines", ignored(2, 10), 2],
  ["lines too far behind, without a report on the other stream", ignored(2, 6), 6],
  ["a whole stream", `stream '${STREAM}' has label value too long: 'a'`, 10],
  ["a stream besides a line", `1 errors like: error parsing labels 'x'; 1 errors like: ${TOO_LONG}`, 10],
  ["something else", "error at least one valid stream is required for ingestion", 10],
  ["nothing at all", "", 10],
];

const lines = (count: number) => Array.from({ length: count }, () => ["1700000000000000000", "{}"]);
const BODY = Buffer.from(
  JSON.stringify({
    streams: [
      { stream: {}, values: lines(6) },
      { stream: {}, values: lines(4) },
    ],
  }),
);

for (const [what, text, rejected] of REJECTIONS)
  test(`${rejected} of the 10 lines of a partly rejected push count as lost: ${what}`, async () => {
    const server = createServer((_, response) => response.writeHead(400).end(`${text}\n`));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const outcome = await lokiSender(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)(BODY);
    server.close();
    server.closeAllConnections();
    if (rejected === 10) assert.ok("reject" in outcome, JSON.stringify(outcome));
    else assert.equal("accepted" in outcome && outcome.rejected, rejected, JSON.stringify(outcome));
    assert.match("reason" in outcome ? (outcome.reason ?? "") : "", /^400/);
  });
