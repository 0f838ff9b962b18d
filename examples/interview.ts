/**
 * Interview API (document 001): an interview in the terminal. The history is kept here, and the server remembers nothing.
 *
 *     npx node examples/interview.ts 삼성전자 개발엔지니어링
 */
import { createInterface } from "node:readline";

const server = process.env["TALKBOX_URL"] ?? "http://localhost:5000";
const [company_name = "삼성전자", job_name = "개발엔지니어링"] = process.argv.slice(2);
const history: { role: "user" | "assistant"; content: string }[] = [];

await turn("면접을 시작합니다.");
for await (const answer of createInterface({ input: process.stdin })) {
  if (answer.trim() !== "") await turn(answer);
}

/** Says something to the interviewer, and prints the reply as it is written. */
async function turn(message: string): Promise<void> {
  const response = await fetch(`${server}/api/chat/stream`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ message, history, org_type: "일반기업", company_name, job_name }),
  });
  if (!response.ok || !response.body) throw new Error(`${response.status}: ${await response.text()}`);
  process.stdout.write("면접관: ");
  let left = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (left + piece).split("\n");
    left = lines.pop() ?? "";
    for (const line of lines.filter((each) => each.startsWith("data: "))) {
      const event = JSON.parse(line.slice(6)) as {
        type: string;
        content?: string;
        response?: string;
        message?: string;
      };
      if (event.type === "token") process.stdout.write(event.content ?? "");
      if (event.type === "error") throw new Error(event.message);
      if (event.type === "done") {
        process.stdout.write("\n");
        history.push({ role: "user", content: message }, { role: "assistant", content: event.response ?? "" });
      }
    }
  }
}
