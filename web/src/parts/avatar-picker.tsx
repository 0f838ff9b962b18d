import { useEffect, useId, useState } from "preact/hooks";
import { call } from "../api.ts";
import { useOffer } from "../server.tsx";
import { FieldNotes } from "../schema/field-notes.tsx";
import { useWords } from "../words/words.tsx";
import { dataUrl } from "./sound.ts";

/** Whom a video shows: an avatar's name, or a photo that the person brought. */
export type Who = { readonly avatar: string; readonly photo?: { readonly name: string; readonly data: string } };

type AvatarPickerProps = {
  readonly value: Who;
  readonly onChange: (who: Who) => void;
  readonly error?: string | undefined;
  readonly label?: string;
  /** Whether a photo may be brought. */
  readonly photos?: boolean;
};

/** Chooses who speaks, by their pictures. */
export function AvatarPicker({ value, onChange, error, label, photos = true }: AvatarPickerProps) {
  const words = useWords();
  const id = useId();
  const people = usePeople();
  const chosen = value.photo ? "photo" : value.avatar;
  const [photo, setPhoto] = useState(value.photo);
  const take = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    const taken = { name: file.name, data: await dataUrl(file) };
    setPhoto(taken);
    onChange({ avatar: "auto", photo: taken });
  };
  const card = (name: string, label: string, hint: string, picture?: string) => (
    <label class={`face${chosen === name ? " chosen" : ""}`} key={name}>
      <input
        type="radio"
        name={id}
        value={name}
        checked={chosen === name}
        onChange={() => onChange({ avatar: name })}
      />
      <Portrait {...(picture === undefined ? {} : { person: picture })} />
      <span class="face-name">{label}</span>
      <span class="unseen">{hint}</span>
    </label>
  );
  return (
    <fieldset class="field faces" aria-describedby={error ? `${id}-error` : undefined}>
      <legend>{label ?? words.avatar.who}</legend>
      <div class="face-row">
        {people.map(({ person, description }) => card(`${person}_long`, nameOf(person), description, person))}
        {photos && (
          <label class={`face own${chosen === "photo" ? " chosen" : ""}`}>
            <input
              type="file"
              accept="image/*"
              aria-label={words.avatar.own}
              onChange={(event) => void take(event.currentTarget.files?.[0])}
            />
            {photo && chosen === "photo" ? (
              <img src={photo.data} alt="" />
            ) : (
              <span class="portrait plus" aria-hidden="true">
                +
              </span>
            )}
            <span class="face-name">{photo && chosen === "photo" ? photo.name : words.avatar.own}</span>
          </label>
        )}
      </div>
      <FieldNotes id={id} hint={photos ? words.avatar.photoHint : ""} error={error} />
    </fieldset>
  );
}

/** The people behind the avatars: each has loops and sizes, which are chosen by other means. */
function usePeople(): { person: string; description: string }[] {
  const { avatars } = useOffer();
  const people = new Map<string, string>();
  for (const { id, description } of avatars) people.set(id.replace(/_(short|long)_\d+p$/, ""), description);
  return Array.from(people, ([person, description]) => ({ person, description }));
}

function nameOf(person: string): string {
  const name = person.replaceAll("_", " ");
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** An avatar's picture, as the server draws it; a plain shape where it does not. */
function Portrait({ person }: { readonly person?: string }) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (person === undefined) return undefined;
    let made: string | undefined;
    const stop = new AbortController();
    call(`/api/avatars/${encodeURIComponent(person)}/picture`, { signal: stop.signal })
      .then((response) => response.blob())
      .then((picture) => setUrl((made = URL.createObjectURL(picture))))
      .catch(() => undefined);
    return () => {
      stop.abort();
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, [person]);
  return url === undefined ? <span class="portrait" aria-hidden="true" /> : <img src={url} alt="" />;
}
