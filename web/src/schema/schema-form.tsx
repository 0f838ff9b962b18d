import type { Violation } from "../api.ts";
import { type Choice, Field } from "./field.tsx";
import type { JsonSchema } from "./json-schema.ts";

/** What a form holds: only what was set, so that the server's defaults stay its own. */
export type Values = Readonly<Record<string, unknown>>;

export type SchemaFormProps = {
  /** Of an operation's params. */
  readonly schema: JsonSchema;
  readonly values: Values;
  readonly onChange: (values: Values) => void;
  /** The fields that are shown, in this order; all of the schema's when absent. */
  readonly only?: readonly string[];
  readonly omit?: readonly string[];
  readonly violations?: readonly Violation[];
  /** Values to choose from, by field, where the schema says "text". */
  readonly choices?: Readonly<Record<string, readonly Choice[]>>;
};

/** A form that is made from an operation's JSON Schema. */
export function SchemaForm(props: SchemaFormProps) {
  const { schema, values, onChange, only, omit = [], violations = [], choices = {} } = props;
  const properties = schema.properties ?? {};
  const names = (only ?? Object.keys(properties)).filter((name) => name in properties && !omit.includes(name));
  const set = (name: string, value: unknown): void => {
    const { [name]: _before, ...others } = values;
    onChange(value === undefined ? others : { ...others, [name]: value });
  };
  return (
    <div class="fields">
      {names.map((name) => (
        <Field
          key={name}
          name={name}
          schema={properties[name] ?? {}}
          value={values[name]}
          choices={choices[name]}
          error={faultOf(violations, name)}
          onChange={(value) => set(name, value)}
        />
      ))}
    </div>
  );
}

/** What is wrong with a field, if anything. */
export function faultOf(violations: readonly Violation[], name: string): string | undefined {
  return violations.find(({ path }) => path === `params.${name}` || path.startsWith(`params.${name}.`))?.message;
}
