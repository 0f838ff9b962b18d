import { isFinal, type JobRecord, jobTimes, type JobView } from "./job.ts";

/** The answer to a question for a job's status, in pieces: the output stands in it as it was kept. */
export function statusBody(
  { record, progress }: JobView,
  output: readonly Buffer[] | undefined,
  workerId: string,
): Buffer[] {
  const head = {
    ...jobTimes(record),
    id: record.id,
    status: record.state,
    ...(record.startedAt === null ? {} : { workerId }),
    ...(record.error === null ? {} : { error: record.error }),
    ...(!isFinal(record.state) && progress !== undefined ? { output: progress } : {}),
  };
  return withFields(head, output ? { output } : {});
}

/** What a webhook carries: the status with the job's input. */
export function webhookBody(
  record: JobRecord,
  input: readonly Buffer[],
  output: readonly Buffer[] | undefined,
): Buffer[] {
  const head = {
    ...jobTimes(record),
    id: record.id,
    status: record.state,
    webhook: record.webhook,
    ...(record.error === null ? {} : { error: record.error }),
  };
  return withFields(head, { input, ...(output ? { output } : {}) });
}

/** An object's JSON with fields added whose values are JSON already. */
function withFields(head: object, fields: Readonly<Record<string, readonly Buffer[]>>): Buffer[] {
  const pieces: Buffer[] = [Buffer.from(JSON.stringify(head).slice(0, -1))];
  for (const [name, value] of Object.entries(fields)) pieces.push(Buffer.from(`,"${name}":`), ...value);
  pieces.push(Buffer.from("}"));
  return pieces;
}
