import { type FieldDisplay, getDisplayValueAlignmentFactors, VizOrientation } from "@grafana/data";
import {
  BigValue,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  VizRepeater,
} from "@grafana/ui";
import { readOneOf, record } from "../../app/json.ts";
import { STAT_DEFAULTS } from "./defaults.ts";
import type { PanelProps } from "./types.ts";
import { displayValues, WithLinks } from "./values.tsx";

/** Draws one large number for each series, with a sparkline. */
export function StatPanel(props: PanelProps) {
  const { panel, width, height, frames, theme } = props;
  const { options } = panel;
  const graphMode = readOneOf(BigValueGraphMode, options.graphMode, BigValueGraphMode.Area);
  const values = () =>
    displayValues(props, STAT_DEFAULTS, {
      sparkline: graphMode !== BigValueGraphMode.None,
    });
  return (
    <VizRepeater<FieldDisplay, ReturnType<typeof getDisplayValueAlignmentFactors>>
      getValues={values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      source={frames}
      width={width}
      height={height}
      renderCounter={0}
      itemSpacing={3}
      autoGrid
      orientation={readOneOf(VizOrientation, options.orientation, VizOrientation.Auto)}
      renderValue={({ value, alignmentFactors, width: wide, height: high, count }) => (
        <WithLinks value={value}>
          <BigValue
            value={value.display}
            count={count}
            {...(value.sparkline && { sparkline: value.sparkline })}
            colorMode={readOneOf(BigValueColorMode, options.colorMode, BigValueColorMode.Value)}
            graphMode={graphMode}
            justifyMode={readOneOf(BigValueJustifyMode, options.justifyMode, BigValueJustifyMode.Auto)}
            textMode={readOneOf(BigValueTextMode, options.textMode, BigValueTextMode.Auto)}
            alignmentFactors={alignmentFactors}
            text={record(options.text)}
            width={wide}
            height={high}
            theme={theme}
            hasLinks={value.hasLinks}
            disableWideLayout={options.wideLayout === false}
          />
        </WithLinks>
      )}
    />
  );
}
