// Sound and vibration at the till: posta.sound("paid" | "declined"); switched
// by <input type="checkbox" data-sound> and remembered on this device.
(function () {
  const on = () => localStorage.getItem("posta.sound") !== "off";
  document.querySelectorAll("[data-sound]").forEach((box) => { box.checked = on(); });
  document.addEventListener("change", (e) => {
    if (!e.target.matches("[data-sound]")) return;
    localStorage.setItem("posta.sound", e.target.checked ? "on" : "off");
    if (e.target.checked) posta.sound("paid");
  });
  let audio;
  const notes = { paid: [[659, 0], [988, 0.13]], declined: [[262, 0], [196, 0.22]] };
  posta.sound = function (kind) {
    if (!on() || !notes[kind]) return;
    if (navigator.userActivation?.hasBeenActive !== false) navigator.vibrate?.(kind === "paid" ? [90] : [160, 80, 160]); // before the first touch the browser refuses
    try {
      audio = audio || new AudioContext();
      notes[kind].forEach(([pitch, after]) => {
        const at = audio.currentTime + after, tone = audio.createOscillator(), level = audio.createGain();
        tone.type = kind === "paid" ? "sine" : "triangle";
        tone.frequency.value = pitch;
        level.gain.setValueAtTime(0.0001, at);
        level.gain.exponentialRampToValueAtTime(0.3, at + 0.02);
        level.gain.exponentialRampToValueAtTime(0.0001, at + 0.35);
        tone.connect(level).connect(audio.destination);
        tone.start(at);
        tone.stop(at + 0.4);
      });
    } catch { /* no sound on this device: the screen says it all */ }
  };
})();
