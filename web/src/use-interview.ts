import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, call, type JobEvent, ownUrl, serverSentEvents } from "./api.ts";

export type Message = { readonly role: "user" | "assistant"; readonly content: string };

/** What an interview is about, and who asks. */
export type InterviewSetup = {
  readonly org_type: string;
  readonly company_name: string;
  readonly job_name: string;
  readonly avatar: string;
  /** Whether the interviewer is seen and heard. */
  readonly speaks: boolean;
};

export type Interview = {
  readonly messages: readonly Message[];
  /** The answer that is being written. */
  readonly writing: string | undefined;
  /** The stage of the turn that is under way. */
  readonly stage: string | undefined;
  readonly video: string | undefined;
  readonly error: ApiError | undefined;
  readonly say: (text: string, setup: InterviewSetup) => Promise<void>;
  readonly cancel: () => void;
  readonly reset: () => void;
};

/** A conversation with the interviewer: the page keeps the history, as the document recommends. */
export function useInterview(): Interview {
  const [messages, setMessages] = useState<readonly Message[]>([]);
  const [writing, setWriting] = useState<string>();
  const [stage, setStage] = useState<string>();
  const [video, setVideo] = useState<string>();
  const [error, setError] = useState<ApiError>();
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);

  const say = async (text: string, setup: InterviewSetup): Promise<void> => {
    const { speaks, avatar, ...about } = setup;
    stop.current?.abort();
    const turn = new AbortController();
    stop.current = turn;
    setError(undefined);
    setWriting("");
    setStage("llm");
    const history = messages;
    setMessages([...history, { role: "user", content: text }]);
    const json = { message: text, history, ...about, ...(speaks ? { avatar, resolution: "480p", frame_skip: 2 } : {}) };
    let answer = "";
    const settle = (): void => {
      setMessages([...history, { role: "user", content: text }, { role: "assistant", content: answer }]);
      setWriting(undefined);
    };
    try {
      const path = speaks ? "/api/v2/chat_and_lipsync/stream" : "/api/chat/stream";
      const response = await call(path, { json, signal: turn.signal });
      for await (const { data } of serverSentEvents(response)) {
        const event = JSON.parse(data) as JobEvent & { content?: string; response?: string; video_url?: string };
        if (event.type === "token") {
          answer += event.content ?? "";
          setWriting(answer);
        } else if (event.type === "llm_done" || event.type === "done") {
          answer = event.response ?? answer;
          settle();
          if (event.video_url) setVideo(ownUrl(event.video_url));
        } else if (event.type === "status") setStage(event.stage);
        else if (event.type === "error") throw new ApiError("internal", event.message ?? "");
      }
      if (answer === "") throw new ApiError("internal", "");
    } catch (thrown) {
      // What was said stays to be said again.
      if (answer === "") setMessages(history);
      if (!turn.signal.aborted)
        setError(thrown instanceof ApiError ? thrown : new ApiError("internal", String(thrown)));
    } finally {
      if (stop.current === turn) {
        setWriting(undefined);
        setStage(undefined);
      }
    }
  };
  const cancel = (): void => {
    stop.current?.abort();
    setWriting(undefined);
    setStage(undefined);
  };
  const reset = (): void => {
    cancel();
    setMessages([]);
    setVideo(undefined);
    setError(undefined);
  };
  return { messages, writing, stage, video, error, say, cancel, reset };
}
