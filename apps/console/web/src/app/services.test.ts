import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SERVICE_NAMES } from "@lgtm-lab/contracts/services";
import { test } from "vitest";
import { serviceColour } from "./services.ts";

const isOther = (name: string) => name.startsWith("other-");
const THEME = readFileSync(join(import.meta.dirname, "theme.css"), "utf8");
const defined = new Set([...THEME.matchAll(/--service-([\w-]+):/g)].map(([, name = ""]) => name));

test("each colour of a service in theme.css is used, and each used colour is defined", () => {
  const used = SERVICE_NAMES.map((name) => /^var\(--service-(.+)\)$/.exec(serviceColour(name))?.[1] ?? "");
  assert.deepEqual(
    used.filter((name) => !defined.has(name)),
    [],
  );
  assert.deepEqual(
    [...defined].filter((name) => !isOther(name) && !used.includes(name)),
    [],
  );
});

test("a service that is not part of the lab has one of the other colours", () => {
  const others = new Set(
    Array.from({ length: 100 }, (_, index) =>
      serviceColour(`shop-${index}`).slice("var(--service-".length, -1),
    ),
  );
  assert.deepEqual([...others].sort(), [...defined].filter(isOther).sort());
});
