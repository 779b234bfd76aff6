import { type DataFrame, type Field, FieldType, type GrafanaTheme2 } from "@grafana/data";
import { SERVICE_NAMES } from "@lgtm-lab/contracts/services";
import { serviceColour } from "../../app/services.ts";

/** Draws each service in its colour if every service has only one line, unless the panel sets a colour. */
export function withServiceColours(frames: readonly DataFrame[], theme: GrafanaTheme2): readonly DataFrame[] {
  const services = frames.flatMap(({ fields }) => fields.filter(isNumber).map(serviceOf));
  const isAlone = (name: string) => services.filter((one) => one === name).length === 1;
  if (!services.every((name) => name === undefined || isAlone(name))) return frames;
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) => {
      const service = isNumber(field) ? serviceOf(field) : undefined;
      if (service === undefined || field.config.color?.mode !== "palette-classic") return field;
      return {
        ...field,
        config: { ...field.config, color: { mode: "fixed", fixedColor: resolved(service, theme) } },
      };
    }),
  }));
}

const isNumber = ({ type }: Field) => type === FieldType.number;

function serviceOf({ labels }: Field): string | undefined {
  const name = labels?.service_name ?? labels?.service ?? "";
  return (SERVICE_NAMES as readonly string[]).includes(name) ? name : undefined;
}

/** Resolves a CSS variable, because a canvas does not support `var()`. */
function resolved(service: string, theme: GrafanaTheme2): string {
  const variable = serviceColour(service).slice("var(".length, -1);
  return (
    getComputedStyle(document.documentElement).getPropertyValue(variable).trim() || theme.colors.primary.main
  );
}
