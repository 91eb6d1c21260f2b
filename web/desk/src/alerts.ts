/** What calls a helper who looks elsewhere: a short sound. The title badge follows from the queue, see the workbench. */
import { readonly, ref, type Ref } from 'vue';

import { preferences } from './storage';

const KEY = 'yikouwen.desk.sound';

export type Call = 'message' | 'arrival' | 'emergency';

/** Hertz, each an eighth of a second. An emergency must not be mistaken for anything else. */
const TUNES: Record<Call, readonly number[]> = {
  message: [660],
  arrival: [660, 880],
  emergency: [988, 740, 988, 740, 988, 740],
};
const NOTE = 0.125;

export interface Alerts {
  sound: Readonly<Ref<boolean>>;
  toggle: () => void;
  play: (call: Call) => void;
}

export function createAlerts(): Alerts {
  const sound = ref(preferences.read(KEY) === true);
  let audio: AudioContext | undefined;

  const play = (call: Call): void => {
    if (!sound.value) return;
    try {
      // Synthesized, so there is no file to load; made late, since browsers want a gesture before the first sound.
      audio ??= new AudioContext();
      void audio.resume();
      const start = audio.currentTime;
      TUNES[call].forEach((pitch, index) => note(audio, pitch, start + index * NOTE));
    } catch {
      // No sound device, or none allowed; the badge and the colours remain.
    }
  };

  return {
    sound: readonly(sound),
    toggle() {
      sound.value = !sound.value;
      preferences.write(KEY, sound.value);
      play('arrival');
    },
    play,
  };
}

function note(audio: AudioContext | undefined, pitch: number, at: number): void {
  if (!audio) return;
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = pitch;
  // Without a fade the ends of a note click.
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(0.2, at + 0.01);
  volume.gain.linearRampToValueAtTime(0, at + NOTE);
  tone.connect(volume).connect(audio.destination);
  tone.start(at);
  tone.stop(at + NOTE);
}
