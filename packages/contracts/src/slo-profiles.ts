/** The names of the sets of windows that the SLO rules can have; `packages/slo` defines their content. */
export const SLO_PROFILE_NAMES = ["demo", "production"] as const;
export type SloProfileName = (typeof SLO_PROFILE_NAMES)[number];
