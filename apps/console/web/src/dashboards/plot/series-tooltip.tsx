import {
  type DataFrame,
  type Field,
  FieldType,
  getDisplayProcessor,
  getFieldDisplayName,
  type LinkModel,
} from "@grafana/data";
import type { SortOrder, TooltipDisplayMode } from "@grafana/schema";
import {
  getFieldDisplayItems,
  getFieldDisplayLinks,
  useTheme2,
  VizTooltipContent,
  VizTooltipFooter,
  VizTooltipHeader,
  VizTooltipWrapper,
} from "@grafana/ui";
import { usePinned } from "./hooks.ts";

interface SeriesTooltipProps {
  /** All series joined on one time field. */
  readonly frame: DataFrame;
  /** The original frames, before the join. */
  readonly frames: readonly DataFrame[];
  readonly dataIdxs: (number | null)[];
  readonly seriesIdx: number | null;
  readonly mode: TooltipDisplayMode;
  readonly sort: SortOrder;
  readonly isPinned: boolean;
  readonly links: LinkModel[];
  readonly onPinned: (pinned: boolean) => void;
}

/** Shows the time under the cursor and the value of each series, with links while pinned. */
export function SeriesTooltip({
  frame,
  dataIdxs,
  seriesIdx,
  mode,
  sort,
  isPinned,
  links,
  onPinned,
  frames,
}: SeriesTooltipProps) {
  usePinned(isPinned, onPinned);
  const theme = useTheme2();
  const [time] = frame.fields;
  if (!time) return null;
  const at = dataIdxs.find((index, series) => series > 0 && index !== null) ?? dataIdxs[0];
  const items = getFieldDisplayItems(named(frame, frames), time, dataIdxs, seriesIdx, mode, sort, isShown);
  const display = time.display ?? getDisplayProcessor({ field: time, theme });
  const when = at === undefined || at === null ? "" : display(time.values[at]).text;
  return (
    <VizTooltipWrapper>
      <VizTooltipHeader item={{ label: "", value: when }} isPinned={isPinned} />
      <VizTooltipContent items={items} isPinned={isPinned} scrollable={items.length > 12} maxHeight={320} />
      {isPinned && links.length > 0 && <VizTooltipFooter dataLinks={links as LinkModel<Field>[]} />}
    </VizTooltipWrapper>
  );
}

/** Returns the fields with their names from before the join. */
const named = (aligned: DataFrame, frames: readonly DataFrame[]): Field[] =>
  aligned.fields.map((field) => {
    const { frameIndex, fieldIndex } = field.state?.origin ?? {};
    const frame = frameIndex === undefined ? undefined : frames[frameIndex];
    const origin = fieldIndex === undefined ? undefined : frame?.fields[fieldIndex];
    if (!frame || !origin) return field;
    return {
      ...field,
      state: { ...field.state, displayName: getFieldDisplayName(origin, frame, [...frames]) },
    };
  });

const isShown = ({ type, config }: Field) => type === FieldType.number && !config.custom?.hideFrom?.viz;

/** Returns the links of a series for one row of a frame. */
export function seriesLinks(frame: DataFrame, series: number, row: number | null): LinkModel[] {
  const field = frame.fields[series];
  return field && row !== null && row !== undefined ? getFieldDisplayLinks(field, row) : [];
}
