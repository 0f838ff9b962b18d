import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { apiKey, onKeyWanted } from "./api.ts";
import { KeyForm } from "./parts/key-form.tsx";
import { Failure } from "./parts/job-panel.tsx";
import { AvatarScreen } from "./screens/avatar.tsx";
import { CoverScreen } from "./screens/cover.tsx";
import { DialogueScreen } from "./screens/dialogue.tsx";
import { EnginesScreen } from "./screens/engines.tsx";
import { InterviewScreen } from "./screens/interview.tsx";
import { JobsScreen } from "./screens/jobs.tsx";
import { SpeechScreen } from "./screens/speech.tsx";
import { Offering } from "./server.tsx";
import type { Words } from "./words/en.ts";
import { LanguageChoice, useWords } from "./words/words.tsx";
import { Icon } from "./parts/icon.tsx";

type ScreenId = keyof Words["screens"];

/** The screens in the order in which they stand in the menu. */
const SCREENS: Readonly<Record<ScreenId, (shown: boolean) => ComponentChildren>> = {
  avatar: () => <AvatarScreen />,
  speech: () => <SpeechScreen />,
  dialogue: () => <DialogueScreen />,
  cover: () => <CoverScreen />,
  interview: () => <InterviewScreen />,
  jobs: (shown) => <JobsScreen shown={shown} />,
  engines: () => <EnginesScreen />,
};

const IDS = Object.keys(SCREENS) as ScreenId[];

/** The screen that the address names. */
function addressed(): ScreenId {
  const name = location.hash.replace(/^#\/?/, "");
  return IDS.find((id) => id === name) ?? "avatar";
}

/** The whole of the Studio. Screens that were seen stay as they are behind the one that is shown. */
export function App() {
  const words = useWords();
  const [shown, setShown] = useState(addressed);
  const [seen, setSeen] = useState<readonly ScreenId[]>([shown]);
  const [menu, setMenu] = useState(false);
  const [keyWanted, setKeyWanted] = useState(false);
  const main = useRef<HTMLElement>(null);
  const moved = useRef(false);

  useEffect(() => {
    onKeyWanted(() => setKeyWanted(true));
    const follow = (): void => {
      moved.current = true;
      setShown(addressed());
      setMenu(false);
    };
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  useEffect(() => {
    setSeen((before) => (before.includes(shown) ? before : [...before, shown]));
    document.title = `${words.screens[shown].name} · Talkbox`;
    if (!moved.current) return;
    // What plays on a screen that is left would go on unseen.
    for (const media of main.current?.querySelectorAll<HTMLMediaElement>("section[hidden] :is(audio, video)") ?? []) {
      media.pause();
    }
    main.current?.querySelector<HTMLElement>("section.screen:not([hidden]) h1")?.focus();
    scrollTo({ top: 0 });
  }, [shown, words]);

  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        {words.skip}
      </a>
      <header class="top">
        <a class="brand" href="#/avatar">
          <Icon name="brand" />
          Talkbox
        </a>
        <button
          type="button"
          class="quiet menu-button"
          aria-expanded={menu}
          aria-controls="menu"
          onClick={() => setMenu(!menu)}
        >
          {words.menu}
        </button>
      </header>
      <nav id="menu" class={menu ? "menu open" : "menu"} aria-label={words.menu}>
        <ul class="plain">
          {IDS.map((id) => (
            <li key={id}>
              <a href={`#/${id}`} aria-current={id === shown ? "page" : undefined}>
                <Icon name={id} />
                {words.screens[id].name}
              </a>
            </li>
          ))}
        </ul>
        <div class="menu-foot">
          <LanguageChoice />
          {apiKey.get() !== "" && !keyWanted && (
            <button type="button" class="quiet small" onClick={() => setKeyWanted(true)}>
              {words.key.change}
            </button>
          )}
          <a class="dim" href="/docs">
            API
          </a>
        </div>
      </nav>
      <Offering>
        {(offer) => (
          <main id="main" ref={main} tabIndex={-1}>
            {keyWanted && (
              <KeyForm
                onDone={() => {
                  setKeyWanted(false);
                  void offer.reload();
                }}
              />
            )}
            {offer.error && offer.error.code !== "unauthorized" && (
              <div class="stage">
                <Failure error={offer.error} />
                <button type="button" class="quiet" onClick={() => void offer.reload()}>
                  {words.job.again}
                </button>
              </div>
            )}
            {!offer.value && !offer.error && (
              <p class="dim" role="status">
                {words.loading}
              </p>
            )}
            {!keyWanted &&
              offer.value &&
              IDS.filter((id) => id === shown || seen.includes(id)).map((id) => (
                <section class="screen" key={id} hidden={id !== shown}>
                  {SCREENS[id](id === shown)}
                </section>
              ))}
          </main>
        )}
      </Offering>
    </>
  );
}
