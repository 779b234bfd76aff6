import type { FieldType } from "@grafana/data";

// Grafana's names of them, without its library: that loads in a browser only, and these files are tested in Node.
export const TIME = "time" as FieldType.time;
export const NUMBER = "number" as FieldType.number;
export const STRING = "string" as FieldType.string;
export const OTHER = "other" as FieldType.other;
