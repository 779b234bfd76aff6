import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { before, describe, it } from "node:test";
import { PROBLEMS } from "@lgtm-lab/contracts";
import { STACK_FAULTS } from "@lgtm-lab/faults/client";
import { COMPONENTS } from "@lgtm-lab/stack";
import { ALLOWED } from "../../apps/console/server/proxy/allowed.ts";
import { SUPPORTED } from "../../packages/telemetry/src/otel-variables.ts";
import { excused, unneeded } from "./exceptions.ts";
import {
  ALERTS,
  COMPOSE_SERVICES,
  DASHBOARDS,
  escaped,
  GATEWAY_METRICS,
  isForeignMetric,
  isLiteral,
  isPath,
  isUsed,
  isVariable,
  labCommands,
  matchesPath,
  OWN_METRICS,
  occurs,
  occursLike,
  PORTS,
  partsOf,
  ROUTES,
  SCRIPTS,
  TOP,
} from "./known.ts";
import { expanded, type Mention, namesIn, PAGES } from "./pages.ts";

const mentions = PAGES.flatMap((page) => page.mentions);
const of = (...kinds: readonly Mention["kind"][]) => mentions.filter(({ kind }) => kinds.includes(kind));

interface Named {
  readonly page: string;
  readonly name: string;
  /** The problem with the name, if there is one. */
  readonly why: string | undefined;
}

const missing: Named[] = [];

/**
 * Fails with every name that does not exist and its page. Also fails with fewer names than `least`, because then the
 * pages are probably not parsed correctly.
 */
function expectAll(found: readonly Named[], least: number): void {
  assert.ok(found.length >= least, `only ${found.length} names were found`);
  const wrong = found.filter(({ why }) => why !== undefined);
  missing.push(...wrong);
  const unexcused = wrong.filter(({ page, name }) => !excused(page, name));
  assert.deepEqual([...new Set(unexcused.map(({ page, name, why }) => `${page}: ${name}: ${why}`))], []);
}

describe("names in docs exist", () => {
  it("links and their anchors", () => {
    const pages = new Map(PAGES.map((page) => [page.path, page]));
    const links = of("link").filter(({ text }) => !/^[a-z]+:/.test(text));
    expectAll(
      links.map(({ page, text }) => {
        const [path = "", anchor] = text.split("#");
        const target = path === "" ? page : normalize(join(dirname(page), path));
        const why = !isPath(target)
          ? "no such file"
          : anchor !== undefined && !pages.get(target)?.anchors.has(anchor)
            ? "no such heading"
            : undefined;
        return { page, name: text, why };
      }),
      100,
    );
  });

  it("paths", () => {
    const paths = of("code")
      .map(({ page, text }) => ({ page, text: text.replace(/^\.\//, "") }))
      .filter(({ text }) => /^[\w@.*{},<>…-]+(\/[\w@.*{},<>…:-]*)*$/.test(text) && !/^[A-Z_]+$/.test(text))
      .filter(
        ({ text }) =>
          text.includes("/") || /\.(ts|tsx|mjs|js|ya?ml|json|md|proto|css|go|mod|jsonl)$/.test(text),
      );
    expectAll(
      paths.flatMap(({ page, text }) =>
        expanded(text).map((path) => {
          if (path.startsWith(".lab/")) return { page, name: path, why: unknownParts(path) };
          const relative = [path, join(dirname(page), path), join(dirname(page), "src", path)].some(isPath);
          // Ids of components and names of images contain a slash too; the configuration contains them unchanged.
          const elsewhere = path.includes(":") || !TOP.has(path.split("/")[0] ?? "");
          const known = relative || matchesPath(path) || (elsewhere && occursLike(path)) || isEndpoint(path);
          return { page, name: path, why: known ? undefined : "no such path" };
        }),
      ),
      100,
    );
  });

  it("ports, and the variables that move them", () => {
    const ports = new Set([...PORTS.values()].map(String));
    const named = of("code", "shell", "text", "link").flatMap(({ page, text }) =>
      [...text.matchAll(/(?:(?<=[\w.\]]|^|…|\s):|\bports? |\bat )(\d{4,5})(?!\d)/g)].map(([, port = ""]) => ({
        page,
        name: port,
        why: ports.has(port) ? undefined : "no component has this port",
      })),
    );
    expectAll(named, 50);
    const rows = of("row").flatMap(({ page, text }) =>
      [...text.matchAll(/\b[A-Z_]+_PORT\b/g)].flatMap(([variable]) => {
        const port = PORTS.get(variable);
        // A row with addresses must contain the port of each of its variables.
        if (port === undefined || !/:\d{4,5}\b/.test(text)) return [];
        const why = text.includes(`:${port}`) ? undefined : `its port is ${port}`;
        return [{ page, name: variable, why }];
      }),
    );
    expectAll(rows, 20);
  });

  it("environment variables", () => {
    const variables = of("code", "shell").flatMap(({ page, text }) =>
      [...text.matchAll(/(?<![\w./-])[A-Z*<][A-Z0-9{},<>]*(?:_[A-Z0-9*{},<>]+)+(?![\w./-])/g)].flatMap(
        ([name]) =>
          expanded(name).map((each) => ({
            page,
            name: each,
            why: isVariable(each) ? undefined : "nothing reads this variable",
          })),
      ),
    );
    expectAll(variables, 150);
  });

  it("labels, fields and settings; metrics of our services", () => {
    const names = namesIn(of("code", "shell")).filter(({ name }) => !isForeignMetric(name));
    expectAll(
      names.map(({ page, name }) => ({
        page,
        name,
        why: isUsed(name) ? undefined : "nothing in code, rules or dashboards has this name",
      })),
      150,
    );
  });

  it("alerts, and other names of several words", () => {
    const first = new Set([...ALERTS].map((name) => /^[A-Z][a-z]+/.exec(name)?.[0]));
    const names = of("code", "shell", "text", "link", "row").flatMap(({ page, text }) =>
      [...text.matchAll(/(?<![\w@/.-])(?:[A-Z][a-z]+){2,}(?![\w(])/g)].map(([name]) => {
        const like = first.has(/^[A-Z][a-z]+/.exec(name)?.[0] ?? "");
        const why = ALERTS.has(name)
          ? undefined
          : like
            ? "no such alert"
            : occurs(name)
              ? undefined
              : "nothing in code has this name";
        return { page, name, why };
      }),
    );
    expectAll(names, 200);
  });

  it("dashboards", () => {
    const uids = of("code", "shell", "link", "text").flatMap(({ page, text }) =>
      [...text.matchAll(/\/d\/([\w-]+)/g)].map(([, uid = ""]) => ({
        page,
        name: uid,
        why: DASHBOARDS.has(uid) ? undefined : "no such dashboard",
      })),
    );
    expectAll(uids, 0);
    const list = PAGES.find(({ path }) => path === "docs/dashboards.md")?.named ?? new Map();
    const listed = [...list].filter(([target]) => target.startsWith("../grafana/dashboards/"));
    const named = listed.map(([, text]) => text);
    assert.deepEqual(
      named.toSorted(),
      [...DASHBOARDS.values()].map((title) => title.replace(/:.*/, "")).toSorted(),
    );
  });

  it("HTTP routes", () => {
    const inCode = of("code").flatMap(({ page, text }) => {
      const [, path] = /^(?:(?:GET|HEAD|POST|PUT|DELETE|OPTIONS) )?(\/[^\s`]*)$/.exec(text) ?? [];
      return path === undefined ? [] : [{ page, path }];
    });
    const inUrls = of("code", "shell", "text", "link").flatMap(({ page, text }) =>
      [...text.matchAll(/(?:127\.0\.0\.1|localhost):\d+(\/[^\s"'`)]*)/g)].map(([, path = ""]) => ({
        page,
        path,
      })),
    );
    expectAll(
      [...inCode, ...inUrls].map(({ page, path }) => ({
        page,
        name: path,
        why: isRoute(path) ? undefined : "no such route",
      })),
      60,
    );
  });
});

describe("commands in docs work", () => {
  let lab: ReadonlyMap<string, ReadonlySet<string>>;
  const phases = partsOf("tests/run.ts");
  const parts = new Map<string, ReadonlySet<string>>(
    ["compose", "kubernetes"].map((name) => [`test:${name}`, partsOf(`tests/${name}/run.ts`)]),
  );
  const components = new Set(COMPONENTS.map(({ name }) => name));
  const faults = new Set(STACK_FAULTS.map(({ name }) => name));
  const commands = of("code", "shell", "usage").flatMap(({ page, text }) =>
    simpleCommands(text).map((words) => ({ page, name: words.join(" "), words })),
  );
  before(async () => {
    lab = await labCommands();
  });

  it("npm scripts and their arguments", () => {
    const found = commands.filter(
      ({ words }) => words[0] === "npm" && words[1] !== "ci" && words[1] !== "install",
    );
    expectAll(
      found
        .filter(({ words }) => words.length > 1)
        .map(({ page, name, words }) => ({ page, name, why: npm(words) })),
      20,
    );
  });

  it("lab commands and their options", () => {
    const found = commands.flatMap(({ page, name, words }) => {
      const args = labArguments(words);
      return args === undefined ? [] : [{ page, name, why: labCommand(args) }];
    });
    expectAll(found, 60);
  });

  it("services of docker compose", () => {
    const found = commands.filter(({ words }) => /^docker[ -]compose /.test(`${words.join(" ")} `));
    expectAll(
      found.map(({ page, name, words }) => ({ page, name, why: dockerCompose(words) })),
      15,
    );
  });

  it("files that node runs", () => {
    const found = commands
      .filter(({ words }) => words[0] === "node" || words[0] === "promtool" || words[0] === "$EDITOR")
      .flatMap(({ page, words }) =>
        words
          .slice(1)
          .filter((word) => TOP.has(word.split("/")[0] ?? ""))
          .map((name) => ({
            page,
            name,
            why: isPath(name) || matchesPath(name) ? undefined : "no such file",
          })),
      );
    expectAll(found, 5);
  });

  function npm(words: readonly string[]): string | undefined {
    const dashes = words.indexOf("--");
    const [npmWords, rest] = dashes < 0 ? [words, []] : [words.slice(0, dashes), words.slice(dashes + 1)];
    const workspace = npmWords[npmWords.indexOf("-w") + 1];
    const script = npmWords[1] === "run" ? npmWords[2] : npmWords[1];
    const scripts = SCRIPTS.get(npmWords.includes("-w") ? (workspace ?? "") : "");
    if (!scripts?.has(script ?? "")) return `no script ${script}`;
    const plain = rest.filter((word) => !word.startsWith("-") && word !== "…" && !word.startsWith("http"));
    if (script === "test" || script === "test:all") return unknown(plain, phases, "phase");
    const known = parts.get(script ?? "");
    if (known) return unknown(plain, known, "part");
    if (script === "lab") return rest[0] === "…" ? undefined : labCommand(rest);
    if (script === "test:browser" && plain[0]) {
      return matchesPath(`tests/browser/${plain[0]}*.spec.ts`) ? undefined : "no such test file";
    }
    return undefined;
  }

  function labCommand([command = "", ...args]: readonly string[]): string | undefined {
    if (command === "…" || command === "--help") return undefined;
    const options = lab.get(command);
    if (!options) return `no command ${command}`;
    const [argument] = args[0] && /^[^-<[]/.test(args[0]) ? args : [];
    const known = { break: faults, fix: faults, logs: components }[command];
    return (
      unknown(
        args.flatMap((word) => /^\[?(-{1,2}[a-z][\w-]*)/.exec(word)?.[1] ?? []),
        options,
        "option",
      ) ?? (known && argument ? unknown([argument], known, "argument") : undefined)
    );
  }
});

describe("existing names are in docs", () => {
  /** Returns each name in inline code and each link of a page, or of several that are separated by spaces. */
  const namedOn = (pages: string) =>
    of("code", "link")
      .filter(({ page, text }) => pages.split(" ").includes(page) && /^[\w.*{},-]+$/.test(text))
      .flatMap(({ text }) => expanded(text))
      // `OTEL_*` alone documents no variable.
      .filter((name) => !name.includes("*") || name.length > 20);
  const rows: readonly [what: string, pages: string, names: Iterable<string>][] = [
    ["ports", "README.md", PORTS.keys()],
    ["OpenTelemetry's variables that are supported", "packages/telemetry/docs/settings.md", SUPPORTED.keys()],
    ["metrics of each service", "packages/telemetry/docs/signals.md", OWN_METRICS],
    ["metrics of this lab's services", "docs/services.md", ["lab_stream_excess_seconds", "lab_fault_active"]],
    [
      "variables with the path of a program",
      "packages/stack/README.md",
      COMPONENTS.flatMap(({ program }) => (program.kind === "binary" ? [program.variable] : [])),
    ],
    ["alerts", "docs/runbooks/README.md", [...ALERTS].map((name) => `${name}.md`)],
    ["kinds of problem", "docs/errors.md", Object.keys(PROBLEMS)],
    [
      "metrics of the gateway's mechanisms",
      "docs/resilience.md docs/edge.md docs/routing.md",
      GATEWAY_METRICS.filter((name) => !name.startsWith("gateway_auth_")),
    ],
    [
      "metrics of access tokens",
      "docs/authentication.md",
      GATEWAY_METRICS.filter((name) => name.startsWith("gateway_auth_")),
    ],
    ["faults", "docs/faults.md", STACK_FAULTS.map(({ name }) => name)],
  ];
  for (const [what, pages, names] of rows)
    it(`${what} (${pages})`, () => {
      const all = [...names];
      const patterns = namedOn(pages).map(
        (name) => new RegExp(`^${name.split("*").map(escaped).join("\\w+")}$`),
      );
      assert.ok(all.length > 0);
      assert.deepEqual(
        all.filter((name) => !patterns.some((pattern) => pattern.test(name))),
        [],
      );
    });

  it("commands of lab (packages/stack/README.md)", async () => {
    const page = "packages/stack/README.md";
    const shown = of("usage")
      .filter((mention) => mention.page === page)
      .map(({ text }) => text.split(" ")[1]);
    assert.deepEqual(
      [...(await labCommands()).keys()].filter((name) => !shown.includes(name)),
      [],
    );
  });
});

it("every exception is needed", () => {
  assert.deepEqual(unneeded(missing), []);
});

const unknown = (names: readonly string[], known: ReadonlySet<string>, what: string): string | undefined => {
  const wrong = names.filter((name) => !known.has(name));
  return wrong.length > 0 ? `no ${what} ${wrong.join(", ")}` : undefined;
};

/** Returns the words of each command of a line, without assignments, redirections and the comment. */
function simpleCommands(line: string): string[][] {
  const words = line.match(/#.*$|"[^"]*"|'[^']*'|&&|\|\||[|;]|[^\s|;&]+/g) ?? [];
  const commands: string[][] = [[]];
  for (const word of words)
    if (word.startsWith("#")) break;
    else if (/^(&&|\|\||[|;])$/.test(word)) commands.push([]);
    else commands.at(-1)?.push(word.replace(/^(['"])(.*)\1$/, "$2"));
  return commands
    .map((command) => command.slice(command.findIndex((word) => !/^[A-Z_]+=/.test(word))))
    .filter(
      ([name]) =>
        name !== undefined && /^(npm|npx|lab|docker|docker-compose|node|promtool|\$EDITOR)$/.test(name),
    );
}

/** Returns the words after `lab` in a command that calls it. */
function labArguments(words: readonly string[]): readonly string[] | undefined {
  const [name, next] = words;
  if (name === "npx" && next === "lab") return words.length > 2 ? words.slice(2) : undefined;
  return name === "lab" && next !== undefined ? words.slice(1) : undefined;
}

/** Options of `docker compose` whose value is the next argument. */
const WITH_VALUE = /^(-f|--entrypoint|--scale|--profile|-p|-s)$/;

function dockerCompose(words: readonly string[]): string | undefined {
  const args = words.slice(words[0] === "docker" ? 2 : 1);
  const plain = args.filter(
    (word, index) => !word.startsWith("-") && !WITH_VALUE.test(args[index - 1] ?? ""),
  );
  const [command, ...rest] = plain;
  if (!/^(up|stop|start|restart|logs|run|exec|rm|kill|pause|unpause)$/.test(command ?? "")) return undefined;
  const services = command === "run" || command === "exec" ? rest.slice(0, 1) : rest;
  const bad = unknown(
    services.filter((name) => !/^[<…]/.test(name)),
    COMPOSE_SERVICES,
    "service",
  );
  const [service, argument] = rest;
  const faults = new Set([...STACK_FAULTS.map(({ name }) => name), "fix"]);
  return bad ?? (service === "fault" && argument ? unknown([argument], faults, "fault") : undefined);
}

/** Returns the part of a path below `.lab` that no code writes. */
function unknownParts(path: string): string | undefined {
  const parts = path
    .split("/")
    .slice(1)
    .flatMap((part) => part.split("*"))
    .map((part) => part.replace(/^-|-$/g, ""))
    .filter(Boolean);
  const wrong = parts.filter((part) => !isLiteral(part));
  return wrong.length > 0 ? `no code writes ${wrong.join(", ")}` : undefined;
}

/** Returns whether the console passes a path on to a backend: `search/tag/<name>/values`. */
const isEndpoint = (path: string): boolean =>
  Object.values(ALLOWED).some(({ endpoints }) =>
    endpoints.some((one) => one.path.test(path.replaceAll("*", "abc"))),
  );

/**
 * Returns whether code serves or requests a path. Parameters, `<name>` and `…` match any segment but the first; `*` at
 * the end matches any rest.
 */
function isRoute(path: string): boolean {
  const wanted = segments(
    path
      .replace(/\?.*$/, "")
      .replaceAll(/\[[^\]]*\]/g, "")
      .replaceAll(/<[^>]+>|…/g, "*"),
  );
  return ROUTES.some((route) => {
    const known = segments(route.replaceAll(/\$\{[^}]*\}|:\w+/g, "*"));
    const long = known.at(-1) === "*" && wanted.length >= known.length;
    const open = wanted.at(-1) === "*" && known.length >= wanted.length;
    const same = (at: number) =>
      known[at] === wanted[at] || (at > 1 && (wanted[at] === "*" || (known[at] ?? "*") === "*"));
    return (known.length === wanted.length || long || open) && wanted.every((_, at) => same(at));
  });
}

const segments = (path: string): readonly string[] =>
  path
    .toLowerCase()
    .replace(/[?#].*$/, "")
    .replace(/(?<=.)\/$/, "")
    .split("/");
