import { type JsonSchema, unwrap } from "../schema/json-schema.ts";

type SchemaTableProps = {
  readonly title: string;
  readonly schema: JsonSchema;
  /** Whether a caller gives it, so that defaults matter. */
  readonly given?: boolean;
};

/** An object's fields in a table; nothing where it has none. */
export function SchemaTable({ title, schema, given = false }: SchemaTableProps) {
  const fields = Object.entries(schema.properties ?? {});
  if (fields.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <div class="table" tabIndex={0} role="group" aria-label={title}>
        <table>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Type</th>
              {given && <th scope="col">Default</th>}
              <th scope="col">What</th>
            </tr>
          </thead>
          <tbody>
            {fields.map(([name, field]) => (
              <tr key={name}>
                <th scope="row">
                  <code>{name}</code>
                </th>
                <td>{typeOf(field)}</td>
                {given && <td>{defaultOf(field, schema.required?.includes(name) ?? false)}</td>}
                <td>
                  <Prose text={unwrap(field).description ?? ""} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** Text in which backticks mark code. */
export function Prose({ text }: { readonly text: string }) {
  if (text === "") return null;
  return <p>{text.split("`").map((part, index) => (index % 2 === 0 ? part : <code key={index}>{part}</code>))}</p>;
}

function defaultOf(field: JsonSchema, required: boolean): string {
  if (required) return "required";
  return field.default === undefined ? "" : JSON.stringify(field.default);
}

/** A schema in a few words. */
export function typeOf(given: JsonSchema): string {
  const schema = unwrap(given);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" | ");
  const { minimum, maximum } = schema;
  const bounds = [
    minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? "" : `≥ ${minimum}`,
    maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? "" : `≤ ${maximum}`,
  ].filter((bound) => bound !== "");
  const base =
    schema.type === "array" ? `array of ${schema.items ? typeOf(schema.items) : "any"}` : (schema.type ?? "any");
  return [String(base), ...bounds].join(" ");
}
