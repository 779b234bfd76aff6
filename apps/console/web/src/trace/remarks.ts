import { namesOf } from "./otlp.ts";
import type { Attributes } from "./span.ts";

/** The problems of spans and how they are drawn: the text for one span and for several. */
const DEFECTS = {
  "no id": ["has no valid span id and is not drawn", "have no valid span id and are not drawn"],
  "no start": ["has no start time and is not drawn", "have no start time and are not drawn"],
  "no end": [
    "has no end time and is drawn without a duration",
    "have no end time and are drawn without a duration",
  ],
  "end before start": [
    "ends before it starts and is drawn without a duration",
    "end before they start and are drawn without a duration",
  ],
  "same id": [
    "has the span id of another span; spans below that id are drawn below the other one",
    "have the span id of another span; spans below that id are drawn below the other one",
  ],
  copy: ["was stored more than once and is drawn once", "were stored more than once and are drawn once"],
} as const;

const MOST_NAMES = 10;
const LONGEST_NAME = 80;

interface Named {
  readonly span: Readonly<Record<string, unknown>>;
  readonly resource: Attributes;
}

/** Collects remarks about spans that the waterfall omits or changes. */
export class Remarks {
  readonly #found = new Map<keyof typeof DEFECTS, string[]>();
  readonly #more: string[] = [];

  add(defect: keyof typeof DEFECTS, named: Named): void {
    const { name, service } = namesOf(named);
    const text = `${shortened(name)} (${shortened(service)})`;
    const names = this.#found.get(defect);
    if (names) names.push(text);
    else this.#found.set(defect, [text]);
  }

  /** Tempo returned only a part of the trace. */
  partial(reason: string): void {
    this.#more.push(`Tempo returned only a part of this trace${reason ? `: ${shortened(reason)}` : ""}.`);
  }

  sentences(): readonly string[] {
    const found = [...this.#found].map(([defect, names]) => {
      const [one, several] = DEFECTS[defect];
      const spans =
        names.length === 1 ? `1 span ${one}` : `${names.length.toLocaleString("en")} spans ${several}`;
      return `${spans}: ${listed(names)}.`;
    });
    return [...this.#more, ...found];
  }
}

/** Lists each name once, up to a limit. */
function listed(all: readonly string[]): string {
  const names = [...new Set(all)];
  const more = names.length - MOST_NAMES;
  return [
    ...names.slice(0, MOST_NAMES),
    ...(more > 0 ? [`${more.toLocaleString("en")} other names`] : []),
  ].join(", ");
}

const shortened = (text: string): string =>
  text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME)}…` : text;
