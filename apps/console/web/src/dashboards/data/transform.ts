import {
  type DataFrame,
  type DataTransformerInfo,
  standardTransformers,
  standardTransformersRegistry,
  type TransformerRegistryItem,
  transformDataFrame,
} from "@grafana/data";
import type { Panel } from "../model/panel.ts";
import { interpolate, type Resolve } from "../variables/interpolate.ts";

// Grafana's list contains two transformers with the same id.
const known = new Map<string, DataTransformerInfo>(
  Object.values(standardTransformers).map((one) => [one.id, one]),
);

standardTransformersRegistry.setInit(() =>
  [...known.values()].map(
    (info) =>
      ({
        id: info.id,
        name: info.name,
        transformation: async () => info,
      }) as unknown as TransformerRegistryItem,
  ),
);

/** Applies the panel's transformations in order. Throws for an unknown transformation. */
export function transformed(
  frames: readonly DataFrame[],
  transformations: Panel["transformations"],
  resolve: Resolve,
): Promise<readonly DataFrame[]> {
  const enabled = transformations.filter(({ disabled }) => !disabled);
  if (enabled.length === 0) return Promise.resolve(frames);
  const unknown = enabled.find(({ id }) => !standardTransformersRegistry.getIfExists(id));
  if (unknown)
    throw new Error(
      `The console does not support this panel's transformation ${unknown.id || "without a name"}.`,
    );
  const context = { interpolate: (text: string) => interpolate(text, resolve) };
  return new Promise((resolved, rejected) => {
    let last = frames;
    transformDataFrame([...enabled], [...frames], context).subscribe({
      next: (result) => {
        last = result;
      },
      error: rejected,
      complete: () => resolved(last),
    });
  });
}
