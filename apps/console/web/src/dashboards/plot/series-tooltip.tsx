import { type DataFrame, type Field, FieldType, getDisplayProcessor, type LinkModel } from "@grafana/data";
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

interface SeriesTooltipProps {
  readonly frame: DataFrame;
  readonly dataIdxs: (number | null)[];
  readonly seriesIdx: number | null;
  readonly mode: TooltipDisplayMode;
  readonly sort: SortOrder;
  readonly isPinned: boolean;
  readonly links: LinkModel[];
}

/** The time under the cursor, and what each series is then; when pinned, where one can go from there. */
export function SeriesTooltip({
  frame,
  dataIdxs,
  seriesIdx,
  mode,
  sort,
  isPinned,
  links,
}: SeriesTooltipProps) {
  const theme = useTheme2();
  const [time] = frame.fields;
  if (!time) return null;
  const at = dataIdxs.find((index, series) => series > 0 && index !== null) ?? dataIdxs[0];
  const items = getFieldDisplayItems(frame.fields, time, dataIdxs, seriesIdx, mode, sort, isShown);
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

const isShown = ({ type, config }: Field) => type === FieldType.number && !config.custom?.hideFrom?.viz;

export function seriesLinks(frame: DataFrame, series: number, row: number | null): LinkModel[] {
  const field = frame.fields[series];
  return field && row !== null && row !== undefined ? getFieldDisplayLinks(field, row) : [];
}
