import { type FieldDisplay, getDisplayValueAlignmentFactors, VizOrientation } from "@grafana/data";
import { BarGaugeDisplayMode, BarGaugeNamePlacement, BarGaugeValueMode } from "@grafana/schema";
import { BarGauge, VizRepeater } from "@grafana/ui";
import { number, readOneOf, record } from "../../app/json.ts";
import { BARGAUGE_DEFAULTS } from "./defaults.ts";
import type { PanelProps } from "./types.ts";
import { displayValues, WithLinks } from "./values.tsx";

/** Draws a bar for each series. */
export function BarGaugePanel(props: PanelProps) {
  const { panel, width, height, frames, theme } = props;
  const { options } = panel;
  const orientation = readOneOf(VizOrientation, options.orientation, VizOrientation.Horizontal);
  const values = () => displayValues(props, BARGAUGE_DEFAULTS);
  return (
    <VizRepeater<FieldDisplay, ReturnType<typeof getDisplayValueAlignmentFactors>>
      getValues={values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      source={frames}
      width={width}
      height={height}
      renderCounter={0}
      minVizWidth={number(options.minVizWidth) ?? 8}
      minVizHeight={number(options.minVizHeight) ?? 16}
      maxVizHeight={number(options.maxVizHeight) ?? 300}
      itemSpacing={options.displayMode === "lcd" ? 2 : 10}
      orientation={orientation}
      renderValue={({ value, alignmentFactors, orientation: drawn, width: wide, height: high }) => (
        <WithLinks value={value}>
          <BarGauge
            value={value.display}
            {...(value.view && value.colIndex !== undefined && display(value))}
            field={value.field}
            width={wide}
            height={high}
            orientation={drawn}
            theme={theme}
            text={record(options.text)}
            alignmentFactors={alignmentFactors}
            displayMode={readOneOf(BarGaugeDisplayMode, options.displayMode, BarGaugeDisplayMode.Gradient)}
            showUnfilled={options.showUnfilled !== false}
            valueDisplayMode={readOneOf(BarGaugeValueMode, options.valueMode, BarGaugeValueMode.Color)}
            namePlacement={readOneOf(
              BarGaugeNamePlacement,
              options.namePlacement,
              BarGaugeNamePlacement.Auto,
            )}
            isOverflow={false}
          />
        </WithLinks>
      )}
    />
  );
}

function display({ view, colIndex = 0 }: FieldDisplay) {
  const processor = view?.getFieldDisplayProcessor(colIndex);
  return processor ? { display: processor } : {};
}
