import { type JsonSchema, unwrap } from "../schema/json-schema.ts";

type SchemaTableProps = {
  readonly title: string;
  readonly schema: JsonSchema;
  /** Whether a caller gives it, so that defaults matter. */
  readonly given?: boolean;
};

/** One field, under the name by which it is reached: `history[].role`. */
type Row = { readonly name: string; readonly field: JsonSchema; readonly required: boolean };

/** Levels of objects in objects that are shown. */
const DEEPEST = 3;

/** An object's fields in a table, those of what it holds too; nothing where it has none. */
export function SchemaTable({ title, schema, given = false }: SchemaTableProps) {
  const rows = rowsOf(schema, "", 0);
  if (rows.length === 0) return null;
  return (
    <>
      <h4>{title}</h4>
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
            {rows.map(({ name, field, required }) => (
              <tr key={name}>
                <th scope="row">
                  <code>{name}</code>
                </th>
                <td>{typeOf(field)}</td>
                {given && <td>{defaultOf(field, required)}</td>}
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

/** The fields of an object, of the items of a list, or of each of several forms. */
function rowsOf(given: JsonSchema, prefix: string, depth: number): Row[] {
  const schema = unwrap(given);
  if (depth > DEEPEST) return [];
  if (schema.items) return rowsOf(schema.items, `${prefix}[]`, depth);
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const name = prefix === "" ? key : `${prefix}.${key}`;
    return [{ name, field, required: schema.required?.includes(key) ?? false }, ...rowsOf(field, name, depth + 1)];
  });
  const forms = schema.anyOf ?? [];
  return [...own, ...forms.flatMap((form) => rowsOf(form, prefix, depth))];
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
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(" | ");
  const { minimum, maximum, maxLength, maxItems } = schema;
  const bounds = [
    minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? "" : `≥ ${minimum}`,
    maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? "" : `≤ ${maximum}`,
    maxLength === undefined ? "" : `≤ ${maxLength.toLocaleString("en")} characters`,
    maxItems === undefined ? "" : `≤ ${maxItems.toLocaleString("en")} items`,
  ].filter((bound) => bound !== "");
  const base =
    schema.type === "array"
      ? `array of ${schema.items ? typeOf(schema.items) : "any"}`
      : [schema.type ?? "any"].flat().join(" | ");
  return [String(base), ...bounds].join(" ");
}
