/** Sound in the browser: decoding, writing as WAV, and what a job takes. */

/** A sound that a person brought: what is sent, and what it looks like where the browser can read it. */
export type BroughtSound = {
  readonly name: string;
  /** A data URL. */
  readonly data: string;
  readonly sound: AudioBuffer | undefined;
};

/** Decodes at the machine's usual rate. @throws for what the browser cannot read */
export function decode(bytes: ArrayBuffer, sampleRate = 44_100): Promise<AudioBuffer> {
  return new OfflineAudioContext(2, 1, sampleRate).decodeAudioData(bytes);
}

/** Takes a file as it is. */
export async function bringFile(file: File): Promise<BroughtSound> {
  const sound = await decode(await file.arrayBuffer()).catch(() => undefined);
  return { name: file.name, data: await dataUrl(file), sound };
}

/** Takes what the microphone recorded, as mono WAV at 24 kHz: every server reads that. */
export async function bringRecording(recorded: Blob, name: string): Promise<BroughtSound> {
  const sound = await decode(await recorded.arrayBuffer(), 24_000);
  return { name, data: await dataUrl(writeWav(sound)), sound };
}

/** A file's bytes as a data URL. */
export function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result as string));
    reader.addEventListener("error", () => reject(reader.error ?? new Error("The file cannot be read.")));
    reader.readAsDataURL(blob);
  });
}

/** Mono WAV of 16 bits. */
function writeWav(sound: AudioBuffer): Blob {
  const { length, sampleRate, numberOfChannels } = sound;
  const view = new DataView(new ArrayBuffer(44 + 2 * length));
  const tag = (at: number, text: string): void => {
    for (let index = 0; index < 4; index++) view.setUint8(at + index, text.charCodeAt(index));
  };
  tag(0, "RIFF");
  view.setUint32(4, 36 + 2 * length, true);
  tag(8, "WAVE");
  tag(12, "fmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, 2 * sampleRate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  tag(36, "data");
  view.setUint32(40, 2 * length, true);
  const channels = Array.from({ length: numberOfChannels }, (_, channel) => sound.getChannelData(channel));
  for (let at = 0; at < length; at++) {
    const sum = channels.reduce((total, samples) => total + (samples[at] ?? 0), 0) / numberOfChannels;
    view.setInt16(44 + 2 * at, Math.round(32_767 * Math.max(-1, Math.min(1, sum))), true);
  }
  return new Blob([view], { type: "audio/wav" });
}

/** Several sounds played at once, as one. */
export async function mixDown(sounds: readonly AudioBuffer[]): Promise<AudioBuffer> {
  const length = Math.max(1, ...sounds.map((sound) => sound.length));
  const context = new OfflineAudioContext(2, length, sounds[0]?.sampleRate ?? 44_100);
  for (const sound of sounds) {
    const gain = new GainNode(context, { gain: 0.7 });
    const source = new AudioBufferSourceNode(context, { buffer: sound });
    source.connect(gain).connect(context.destination);
    source.start();
  }
  return context.startRendering();
}
