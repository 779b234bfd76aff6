import { type FieldDisplay, formattedValueToString, VizOrientation } from "@grafana/data";
import { VizRepeater } from "@grafana/ui";
import { GAUGE_DEFAULTS } from "./defaults.ts";
import type { PanelProps } from "./types.ts";
import { displayValues, WithLinks } from "./values.tsx";

/** Draws a value on an arc from minimum to maximum. */
export function GaugePanel(props: PanelProps) {
  const { width, height, frames } = props;
  const values = () => displayValues(props, GAUGE_DEFAULTS);
  return (
    <VizRepeater<FieldDisplay>
      getValues={values}
      source={frames}
      width={width}
      height={height}
      renderCounter={0}
      autoGrid
      orientation={VizOrientation.Auto}
      renderValue={({ value, width: wide, height: high, count }) => (
        <WithLinks value={value}>
          <Arc value={value} width={wide} height={high} named={count > 1} />
        </WithLinks>
      )}
    />
  );
}

interface ArcProps {
  readonly value: FieldDisplay;
  readonly width: number;
  readonly height: number;
  readonly named: boolean;
}

const START = -210;
const SWEEP = 240;

function Arc({ value: { display, field }, width, height, named }: ArcProps) {
  const [min, max] = [field.min ?? 0, field.max ?? 100];
  const share = Number.isFinite(display.numeric)
    ? Math.min(1, Math.max(0, (display.numeric - min) / (max - min || 1)))
    : 0;
  const text = formattedValueToString(display);
  return (
    <svg
      width={width}
      height={height}
      viewBox="0 0 200 160"
      role="img"
      aria-label={`${display.title ?? ""} ${text}`}
    >
      <path d={arc(1)} stroke="var(--surface-3)" strokeWidth="22" fill="none" />
      {share > 0 && (
        <path d={arc(share)} stroke={display.color ?? "var(--ok)"} strokeWidth="22" fill="none" />
      )}
      <text
        x="100"
        y="108"
        textAnchor="middle"
        fontSize="32"
        fontWeight="600"
        fill={display.color ?? "var(--text-strong)"}
      >
        {text}
      </text>
      {named && (
        <text x="100" y="150" textAnchor="middle" fontSize="14" fill="var(--text)">
          {display.title}
        </text>
      )}
    </svg>
  );
}

function arc(share: number): string {
  const at = (degrees: number) => {
    const angle = (degrees * Math.PI) / 180;
    return `${(100 + 76 * Math.cos(angle)).toFixed(2)} ${(96 + 76 * Math.sin(angle)).toFixed(2)}`;
  };
  return `M ${at(START)} A 76 76 0 ${SWEEP * share > 180 ? 1 : 0} 1 ${at(START + SWEEP * share)}`;
}
