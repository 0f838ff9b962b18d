/** What goes to the thread that finds faces: a picture, 3 bytes a pixel. */
export type FindCommand = { readonly width: number; readonly height: number; readonly rgb: Uint8Array };

/** What comes back: 468 points per face, x then y, in pixels; or why not. */
export type FindReply =
  | { readonly faces: readonly { readonly score: number; readonly mesh: Float32Array }[] }
  | { readonly failure: string };

/** Points of a face's mesh. */
export const MESH_POINTS = 468;
