/** The part of JSON Schema 2020-12 that the operations' schemas use. */
export type JsonSchema = {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  /** Of what a text holds. */
  readonly contentSchema?: JsonSchema;
};

/** How a value is asked for. */
export type Control =
  | { readonly kind: "choice"; readonly options: readonly (string | number)[] }
  | { readonly kind: "range"; readonly min: number; readonly max: number; readonly step: number }
  | { readonly kind: "number"; readonly whole: boolean; readonly min?: number; readonly max?: number }
  | { readonly kind: "switch" }
  | { readonly kind: "list"; readonly of: "number" | "text" }
  | { readonly kind: "text"; readonly long: boolean };

/** The schema without the `null` that stands for absent, and without the wrapping of a single alternative. */
export function unwrap(schema: JsonSchema): JsonSchema {
  const alternatives = schema.anyOf?.filter(({ type }) => type !== "null");
  const [only, second] = alternatives ?? [];
  if (only === undefined || second !== undefined) return schema;
  const { anyOf: _gone, ...outer } = schema;
  return { ...only, ...outer };
}

/** Chooses a control for a value by its schema. */
export function controlOf(given: JsonSchema): Control {
  const schema = unwrap(given);
  const options = schema.enum ?? schema.anyOf?.map((each) => each.const);
  if (options?.every((option) => typeof option === "string" || typeof option === "number")) {
    return { kind: "choice", options };
  }
  switch (schema.type) {
    case "boolean":
      return { kind: "switch" };
    case "array":
      return { kind: "list", of: schema.items?.type === "string" ? "text" : "number" };
    case "integer":
    case "number": {
      const whole = schema.type === "integer";
      const [min, max] = [bound(schema.minimum), bound(schema.maximum)];
      if (min !== undefined && max !== undefined && max - min <= 1024) {
        return { kind: "range", min, max, step: whole || max - min > 12 ? 1 : max - min > 2 ? 0.5 : 0.01 };
      }
      return { kind: "number", whole, ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
    }
    default:
      return { kind: "text", long: (schema.maxLength ?? 0) > 500 };
  }
}

/** A limit that was meant: schemas of whole numbers carry the largest safe ones where there is none. */
function bound(value: number | undefined): number | undefined {
  return value === undefined || Math.abs(value) >= Number.MAX_SAFE_INTEGER ? undefined : value;
}
