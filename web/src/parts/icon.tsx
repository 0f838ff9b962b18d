/** Strokes on a grid of 24. */
const SHAPES = {
  brand: "M5 9v6M9.7 6v12M14.3 9.5v5M19 8v8",
  avatar: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20.5c.8-3.6 3.8-5.5 7.5-5.5s6.7 1.9 7.5 5.5",
  speech:
    "M12 15a3.5 3.5 0 0 0 3.5-3.5v-5a3.5 3.5 0 0 0-7 0v5A3.5 3.5 0 0 0 12 15ZM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3",
  dialogue: "M4 5h11v8H9l-3 3v-3H4ZM18 9.5h2V17h-2v2.5L15.5 17H11",
  cover: "M9 17.5V5.5l10-2v11.5M9 17.5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0ZM19 15a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0Z",
  interview: "M12 20.5H4.5l1.5-2.700A8.5 8.5 0 1 1 12 20.5ZM8.5 10.5h7M8.5 13.5h4.5",
  jobs: "M4.5 6h2M10 6h9.5M4.5 12h2M10 12h9.5M4.5 18h2M10 18h9.5",
  engines: "M12 3.5 20 8v8l-8 4.5L4 16V8ZM12 12l8-4M12 12v8.5M12 12 4 8",
} as const;

/** A picture beside a name; it says nothing by itself. */
export function Icon({ name }: { readonly name: keyof typeof SHAPES }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={SHAPES[name]} />
    </svg>
  );
}
