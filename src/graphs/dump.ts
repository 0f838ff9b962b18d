import type { Graph } from "./graph-builder.ts";
import { type Attribute, describeShape, elementsOf } from "./onnx/types.ts";

/** A graph as text that a person can read: one line a node, with the shape that it makes. */
export function dumpGraph(graph: Graph): string {
  const shapes = new Map([...graph.values, ...graph.inputs, ...graph.outputs].map((value) => [value.name, value]));
  const shown = (name: string): string => {
    const value = shapes.get(name);
    return value ? `${name} ${value.type}${describeShape(value.shape)}` : name;
  };
  const weights = graph.initializers.reduce((sum, { shape }) => sum + elementsOf(shape), 0);
  return [
    `${graph.name}: ${graph.nodes.length} nodes, ${weights} weights, opset ${graph.opset}`,
    ...graph.inputs.map(({ name }) => `in   ${shown(name)}`),
    ...graph.nodes.map(({ op, inputs, outputs, attributes }) => {
      const given = Object.entries(attributes).map(([name, value]) => `${name}=${describeAttribute(value)}`);
      return `${outputs.map(shown).join(", ")} = ${op}(${[...inputs, ...given].join(", ")})`;
    }),
    ...graph.outputs.map(({ name }) => `out  ${shown(name)}`),
    "",
  ].join("\n");
}

function describeAttribute(value: Attribute): string {
  if (typeof value === "object" && "float" in value) return String(value.float);
  return typeof value === "object" ? `[${value.join(",")}]` : String(value);
}
