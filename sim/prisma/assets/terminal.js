// The card terminal: keys of the keyboard press keys of the device, the PIN is
// typed on the keypad, the slip is torn off.
"use strict";
(function () {
  const key = (name) => document.querySelector('#device [data-key="' + name + '"]:not(:disabled)');
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]") || !document.getElementById("device")) return;
    const inPIN = e.target.matches?.("[data-pin]");
    if (!inPIN && e.target.closest?.("input:not([type=radio]), textarea, select")) return;
    let name = "";
    if (/^[0-9]$/.test(e.key) && !inPIN) name = e.key;
    else if (e.key === "Escape") name = "cancel";
    else if (e.key === "Backspace" && !inPIN) name = "clear";
    else if (e.key === "Enter" && !inPIN && (!e.target.closest?.("a, button, summary") || e.target.matches(".pos-digit"))) name = "enter";
    const button = name && key(name);
    if (!button) return;
    e.preventDefault();
    button.click();
  });
  document.addEventListener("click", (e) => {
    const pin = document.querySelector("[data-pin]"), digit = e.target.closest("#device button[data-key]");
    if (pin && digit && /^[0-9]$/.test(digit.dataset.key)) {
      if (pin.value.length < pin.maxLength) pin.value += digit.dataset.key;
      return;
    }
    const tear = e.target.closest("[data-tear]"), roll = document.querySelector(".pos-roll");
    if (!tear || !roll || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    e.preventDefault();
    const leave = () => { location.href = tear.href; };
    roll.addEventListener("animationend", leave, { once: true });
    roll.classList.add("torn-off");
    setTimeout(leave, 600);
  });
})();
