import { chat } from "./chat.ts";
import { chatAndLipsync } from "./chat-and-lipsync.ts";
import { convertVoice } from "./convert-voice.ts";
import { deleteArtifacts } from "./delete-artifacts.ts";
import { deleteAvatar } from "./delete-avatar.ts";
import { deleteVoice } from "./delete-voice.ts";
import { generateCover } from "./generate-cover.ts";
import { generateCoverFromSeparateAudio } from "./generate-cover-from-separate-audio.ts";
import { healthCheck } from "./health-check.ts";
import { lipsync } from "./lipsync.ts";
import { listAvatars } from "./list-avatars.ts";
import { listEngines } from "./list-engines.ts";
import { listModels } from "./list-models.ts";
import { listVoices } from "./list-voices.ts";
import { multiSpeaker } from "./multi-speaker.ts";
import type { Operation } from "./operation.ts";
import { prepareAvatarOperation } from "./prepare-avatar.ts";
import { separateStems } from "./separate-stems.ts";
import { streamChunksOperation } from "./stream-chunks.ts";
import { tts } from "./tts.ts";
import { uploadAvatar } from "./upload-avatar.ts";
import { uploadVoice } from "./upload-voice.ts";
import { voiceClone } from "./voice-clone.ts";

/** Every operation by name: what the dispatcher, the schemas and the reference page are made from. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  [
    healthCheck,
    listModels,
    listEngines,
    listVoices,
    listAvatars,
    tts,
    lipsync,
    chat,
    chatAndLipsync,
    streamChunksOperation,
    generateCoverFromSeparateAudio,
    generateCover,
    voiceClone,
    multiSpeaker,
    convertVoice,
    separateStems,
    uploadVoice,
    deleteVoice,
    uploadAvatar,
    prepareAvatarOperation,
    deleteAvatar,
    deleteArtifacts,
  ].map((operation) => [operation.name, operation]),
);
