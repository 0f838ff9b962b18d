import type { Receipt } from "../api.ts";
import { useWords } from "../words/words.tsx";

/** Where a job's time went: a bar of its stages, and the same as a table. */
export function ReceiptNote({ receipt }: { readonly receipt: Receipt }) {
  const words = useWords();
  const names: Readonly<Record<string, string>> = words.stages;
  const parts = [{ stage: "queue", ms: receipt.queue_ms }, ...receipt.stages].filter(({ ms }) => ms >= 1);
  const sum = Math.max(
    1,
    parts.reduce((total, { ms }) => total + ms, 0),
  );
  const seconds = (ms: number): string => words.job.seconds(ms / 1000);
  const engines = receipt.engines.map(({ id, model, kind }) => id ?? model ?? kind);
  return (
    <details class="receipt">
      <summary>
        {words.job.receipt} <span class="dim">{seconds(receipt.total_ms)}</span>
      </summary>
      <div class="bar" aria-hidden="true">
        {parts.map(({ stage, ms }, index) => (
          <span key={stage} class={`part part-${index % 6}`} style={{ flexGrow: ms / sum }} />
        ))}
      </div>
      <table>
        <tbody>
          {parts.map(({ stage, ms }, index) => (
            <tr key={stage}>
              <th scope="row">
                <span class={`swatch part-${index % 6}`} aria-hidden="true" />
                {names[stage] ?? stage}
              </th>
              <td>{seconds(ms)}</td>
            </tr>
          ))}
          <tr class="sum">
            <th scope="row">{words.job.total}</th>
            <td>{seconds(receipt.total_ms)}</td>
          </tr>
        </tbody>
      </table>
      <p class="dim">
        {engines.length > 0 && `${words.job.madeBy}: ${[...new Set(engines)].join(", ")}. `}
        {`${words.job.device}: ${receipt.device}.`}
      </p>
    </details>
  );
}
