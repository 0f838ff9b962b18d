import type { ComponentChildren, RefObject } from "preact";
import { useWords } from "../words/words.tsx";
import type { Words } from "../words/en.ts";

type ScreenProps = {
  readonly id: keyof Words["screens"];
  readonly children: ComponentChildren;
  /** What is seen beside the form. */
  readonly stage: ComponentChildren;
  readonly onSubmit: () => void;
  /** What the form's button says. */
  readonly action: string;
  readonly working: boolean;
  readonly form: RefObject<HTMLFormElement | null>;
};

/** A screen's head. */
export function Head({ id }: { readonly id: keyof Words["screens"] }) {
  const { name, lead } = useWords().screens[id];
  return (
    <header class="screen-head">
      <h1 tabIndex={-1}>{name}</h1>
      <p class="lead">{lead}</p>
    </header>
  );
}

/** A screen with a form on one side and what comes of it on the other. */
export function Screen({ id, children, stage, onSubmit, action, working, form }: ScreenProps) {
  return (
    <>
      <Head id={id} />
      <div class="desk">
        <form
          ref={form}
          class="paper"
          noValidate
          aria-label={useWords().screens[id].name}
          onSubmit={(event) => {
            event.preventDefault();
            if (!working) onSubmit();
          }}
        >
          {children}
          <div class="actions">
            <button type="submit" class="main" aria-disabled={working}>
              {action}
            </button>
          </div>
        </form>
        {stage}
      </div>
    </>
  );
}
