import { createContext, type ComponentChildren } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import { en, type Words } from "./en.ts";
import { ko } from "./ko.ts";
import { ru } from "./ru.ts";

/** The languages that the pages speak, each by its own name. */
export const LANGUAGES = { ko: "한국어", ru: "Русский", en: "English" } as const;

export type Language = keyof typeof LANGUAGES;

const WORDS: Readonly<Record<Language, Words>> = { ko, ru, en };
const CHOSEN = "talkbox-language";

type Spoken = { readonly language: Language; readonly words: Words; readonly choose: (language: Language) => void };

const Context = createContext<Spoken>({ language: "en", words: en, choose: () => undefined });

/** What the reader chose before, else the first of the browser's languages that the pages speak. */
function preferred(): Language {
  const wanted = [localStorage.getItem(CHOSEN) ?? "", ...navigator.languages];
  const codes = wanted.map((tag) => tag.slice(0, 2).toLowerCase());
  return codes.find((code): code is Language => code in LANGUAGES) ?? "en";
}

/** Gives its children the words of the reader's language. */
export function Speaking({ children }: { readonly children: ComponentChildren }) {
  const [language, setLanguage] = useState(preferred);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const choose = (chosen: Language): void => {
    localStorage.setItem(CHOSEN, chosen);
    setLanguage(chosen);
  };
  return <Context.Provider value={{ language, words: WORDS[language], choose }}>{children}</Context.Provider>;
}

/** The words of the reader's language. */
export function useWords(): Words {
  return useContext(Context).words;
}

/** Lets the reader choose the language. */
export function LanguageChoice() {
  const { language, words, choose } = useContext(Context);
  return (
    <span class="compact">
      <select
        aria-label={words.language}
        value={language}
        onChange={(event) => choose(event.currentTarget.value as Language)}
      >
        {Object.entries(LANGUAGES).map(([code, name]) => (
          <option value={code} lang={code} key={code}>
            {name}
          </option>
        ))}
      </select>
    </span>
  );
}
