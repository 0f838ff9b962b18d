/** An answer that is an error, in S3's form. */
export class S3Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string = code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** One element of XML; lists give several of a name. */
export type Xml = string | number | boolean | undefined | { readonly [name: string]: Xml | readonly Xml[] };

export function toXml(name: string, content: Xml | readonly Xml[]): string {
  if (content === undefined) return "";
  if (Array.isArray(content)) return content.map((one: Xml) => toXml(name, one)).join("");
  if (typeof content !== "object") return `<${name}>${escaped(String(content))}</${name}>`;
  const inner = Object.entries(content).map(([child, value]) => toXml(child, value));
  return `<${name}>${inner.join("")}</${name}>`;
}

/** Texts of every `name` element in some XML, in order. Elements of one name are not nested in what S3 is sent. */
export function elements(xml: string, name: string): readonly string[] {
  return [...xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>|<${name}\\s*/>`, "g"))].map(
    ([, text = ""]) => text,
  );
}

export function unescaped(text: string): string {
  return text.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
