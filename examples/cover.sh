#!/usr/bin/env bash
# Cover worker (document 004): two files become a cover, by curl and jq.
#
#     bash examples/cover.sh voice.wav instrument.wav alto-warm cover.mp3
set -euo pipefail

endpoint="${TALKBOX_URL:-http://localhost:5000}/v2/local"
voice="$1" instrument="$2" model="$3" out="$4"

# The files go through a file of their own: they may be longer than a command line.
body="$(mktemp)" answer="$(mktemp)"
trap 'rm -f "$body" "$answer"' EXIT
jq -n --arg model "$model" \
  --rawfile voice <(base64 < "$voice" | tr -d '\n') \
  --rawfile instrument <(base64 < "$instrument" | tr -d '\n') \
  '{operation: "generate_cover_from_separate_audio",
    params: {voice_audio: $voice, instrument_audio: $instrument, voice_model: $model, output_format: "mp3"}}' > "$body"

curl -sS -X POST "$endpoint" -H "Content-Type: application/json" --data-binary "@$body" > "$answer"
if ! jq -e '.success' "$answer" > /dev/null; then
  jq -r '"Error: " + .error' "$answer" >&2
  exit 1
fi
jq -r '.output_audio' "$answer" | base64 -d > "$out"
jq -r --arg out "$out" '$out + ": " + .model_used + ", " + (.size | tostring) + " bytes"' "$answer"
