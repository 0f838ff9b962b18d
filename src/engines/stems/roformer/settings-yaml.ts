/**
 * YAML as files of settings of networks have it: maps and lists by indentation or in brackets, plain and quoted scalars,
 * comments, and tags such as `!!python/tuple`, which are passed over. Anchors, aliases and several documents are refused.
 */

/** What such a file holds; maps have no prototype. */
export type YamlValue = Scalar | readonly YamlValue[] | YamlMap;
export type YamlMap = { readonly [key: string]: YamlValue };

type Scalar = string | number | boolean | null;

type Line = { readonly indent: number; readonly text: string; readonly number: number };

/** Longest line. */
const LINE = 4096;

/** Deepest that maps and lists may lie in each other. */
const DEPTH = 32;

const ENTRY = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'#[\]{},&*!|>%@-][^:#]*?|-[^\s:#][^:#]*?)\s*:(?:\s+(.*))?$/;
const INTEGER = /^[-+]?\d[\d_]*$/;
const REAL = /^[-+]?(\d[\d_]*\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const TRUE = /^(true|yes|on)$/i;
const FALSE = /^(false|no|off)$/i;
const NOTHING = /^(|~|null)$/i;

/** @throws Error that names the line, for what is no such file */
export function parseSettingsYaml(text: string): YamlValue {
  const reader = new BlockReader(linesOf(text));
  return reader.read();
}

/** Lines with something in them, without comments. */
function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  for (const [i, raw] of text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\r|\n/)
    .entries()) {
    if (raw.length > LINE) throw new Error(`line ${i + 1}: it is longer than ${LINE} characters`);
    const bare = withoutComment(raw).trimEnd();
    const at = bare.trimStart();
    if (at === "" || (at === "---" && lines.length === 0)) continue;
    if (at === "...") break;
    if (at === "---") throw new Error(`line ${i + 1}: a second document begins`);
    const indent = bare.length - at.length;
    if (bare.slice(0, indent).includes("\t")) throw new Error(`line ${i + 1}: it is indented by tabs`);
    lines.push({ indent, text: at, number: i + 1 });
  }
  return lines;
}

function withoutComment(line: string): string {
  let quote = "";
  for (let i = 0; i < line.length; i++) {
    const character = line[i] as string;
    if (quote !== "") {
      if (character === "\\" && quote === '"') i++;
      else if (character === quote) quote = "";
    } else if (character === "#" && (i === 0 || /\s/.test(line[i - 1] as string))) return line.slice(0, i);
    else if ((character === '"' || character === "'") && /(^|[\s[{,:])$/.test(line.slice(0, i))) quote = character;
  }
  return line;
}

class BlockReader {
  readonly #lines: Line[];
  #at = 0;

  constructor(lines: Line[]) {
    this.#lines = lines;
  }

  read(): YamlValue {
    const first = this.#lines[0];
    if (!first) return null;
    const value = this.#block(first.indent, 0);
    const left = this.#lines[this.#at];
    if (left) throw new Error(`line ${left.number}: "${left.text.slice(0, 40)}" belongs to nothing`);
    return value;
  }

  #block(indent: number, depth: number): YamlValue {
    const line = this.#lines[this.#at] as Line;
    if (depth > DEPTH) throw new Error(`line ${line.number}: it lies too deep`);
    if (/^-(\s|$)/.test(line.text)) return this.#list(indent, depth);
    if (ENTRY.test(line.text)) return this.#map(indent, depth);
    this.#at++;
    return this.#value(line, line.text, indent, depth);
  }

  #list(indent: number, depth: number): YamlValue {
    const items: YamlValue[] = [];
    for (;;) {
      const line = this.#lines[this.#at];
      if (!line || line.indent !== indent || !/^-(\s|$)/.test(line.text)) return items;
      const rest = line.text.slice(1).trimStart();
      if (rest !== "" && (ENTRY.test(rest) || /^-(\s|$)/.test(rest))) {
        // What follows the dash is a block of its own, as far in as it stands.
        const inner = indent + line.text.length - rest.length;
        this.#lines[this.#at] = { ...line, indent: inner, text: rest };
        items.push(this.#block(inner, depth + 1));
        continue;
      }
      this.#at++;
      items.push(this.#value(line, rest, indent, depth));
    }
  }

  #map(indent: number, depth: number): YamlValue {
    const map = Object.create(null) as { [key: string]: YamlValue };
    for (;;) {
      const line = this.#lines[this.#at];
      if (!line || line.indent !== indent || /^-(\s|$)/.test(line.text)) return map;
      const [, key, rest = ""] = ENTRY.exec(line.text) ?? [];
      if (key === undefined) throw new Error(`line ${line.number}: "${line.text.slice(0, 40)}" is no "key: value"`);
      this.#at++;
      // A list may stand as far in as the key that it belongs to.
      const name = String(/^["']/.test(key) ? scalar(key, line) : key);
      map[name] = this.#value(line, rest, indent, depth, true);
    }
  }

  /** What a dash or a key is followed by: on its line, or on those below it. */
  #value(line: Line, text: string, indent: number, depth: number, ofKey = false): YamlValue {
    const rest = text.replace(/^(!\S*\s*)+/, "");
    if (/^[|>][-+\d]*$/.test(rest)) return this.#text(indent);
    if (rest !== "") return /^[[{]/.test(rest) ? this.#brackets(line, rest) : scalar(rest, line);
    // A tag may stand on a line of its own.
    while (/^(!\S*\s*)+$/.test(this.#lines[this.#at]?.text ?? "")) this.#at++;
    const next = this.#lines[this.#at];
    if (next && next.indent > indent) return this.#block(next.indent, depth + 1);
    if (ofKey && next?.indent === indent && /^-(\s|$)/.test(next.text)) return this.#list(indent, depth + 1);
    return null;
  }

  /** Lines of text, which nothing here reads. */
  #text(indent: number): string {
    const lines: string[] = [];
    for (let next = this.#lines[this.#at]; next && next.indent > indent; next = this.#lines[++this.#at]) {
      lines.push(next.text);
    }
    return lines.join("\n");
  }

  /** A list or a map in brackets, over as many lines as they stay open. */
  #brackets(line: Line, text: string): YamlValue {
    let all = text;
    for (;;) {
      const reader = new FlowReader(all, line);
      const value = reader.read();
      if (value !== undefined) return value;
      const next = this.#lines[this.#at++];
      if (!next) throw new Error(`line ${line.number}: a bracket is not closed`);
      all += ` ${next.text}`;
    }
  }
}

class FlowReader {
  readonly #text: string;
  readonly #line: Line;
  #at = 0;

  constructor(text: string, line: Line) {
    this.#text = text;
    this.#line = line;
  }

  /** @returns undefined where the text ends too early */
  read(): YamlValue | undefined {
    const value = this.#value(0);
    if (value === undefined) return undefined;
    if (this.#skip() !== "") throw new Error(`line ${this.#line.number}: something follows a bracket that is closed`);
    return value;
  }

  #skip(): string {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at++;
    return this.#text[this.#at] ?? "";
  }

  #value(depth: number): YamlValue | undefined {
    if (depth > DEPTH) throw new Error(`line ${this.#line.number}: it lies too deep`);
    const first = this.#skip();
    if (first === "[") return this.#list(depth);
    if (first === "{") return this.#map(depth);
    const [token] = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,[\]{}]*?(?=\s*(?:,|\]|\}|:\s)))/.exec(
      this.#text.slice(this.#at),
    ) ?? [undefined];
    if (token === undefined) return undefined;
    this.#at += token.length;
    return scalar(token.trim().replace(/^(!\S*\s*)+/, ""), this.#line);
  }

  #list(depth: number): YamlValue | undefined {
    this.#at++;
    const items: YamlValue[] = [];
    for (;;) {
      if (this.#skip() === "]") break;
      const item = this.#value(depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
      const after = this.#skip();
      if (after === "") return undefined;
      if (after === ",") this.#at++;
      else if (after !== "]")
        throw new Error(`line ${this.#line.number}: "${after}" stands where a comma was expected`);
    }
    this.#at++;
    return items;
  }

  #map(depth: number): YamlValue | undefined {
    this.#at++;
    const map = Object.create(null) as { [key: string]: YamlValue };
    for (;;) {
      if (this.#skip() === "}") break;
      const key = this.#value(depth + 1);
      if (key === undefined || this.#skip() === "") return undefined;
      if (typeof key === "object" && key !== null) throw new Error(`line ${this.#line.number}: a key is no text`);
      if (this.#skip() !== ":") throw new Error(`line ${this.#line.number}: a key in brackets has no value`);
      this.#at++;
      const item = this.#value(depth + 1);
      if (item === undefined) return undefined;
      map[String(key)] = item;
      const after = this.#skip();
      if (after === "") return undefined;
      if (after === ",") this.#at++;
      else if (after !== "}")
        throw new Error(`line ${this.#line.number}: "${after}" stands where a comma was expected`);
    }
    this.#at++;
    return map;
  }
}

function scalar(text: string, { number }: Line): Scalar {
  if (text.startsWith('"') && text.endsWith('"') && text.length > 1) {
    try {
      return JSON.parse(text) as string;
    } catch {
      throw new Error(`line ${number}: ${text.slice(0, 40)} is no text in quotes`);
    }
  }
  if (text.startsWith("'") && text.endsWith("'") && text.length > 1) return text.slice(1, -1).replaceAll("''", "'");
  if (/^[&*]/.test(text)) throw new Error(`line ${number}: anchors and aliases are not supported`);
  if (NOTHING.test(text)) return null;
  if (TRUE.test(text)) return true;
  if (FALSE.test(text)) return false;
  if (INTEGER.test(text) || REAL.test(text)) return Number(text.replaceAll("_", ""));
  return text;
}
