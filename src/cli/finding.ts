/** One thing that the doctor looked at. `required`: jobs cannot run without it. */
export type Finding = {
  readonly group: string;
  readonly name: string;
  readonly ok: boolean;
  readonly required: boolean;
  readonly detail: string;
  readonly remedy?: string;
};
