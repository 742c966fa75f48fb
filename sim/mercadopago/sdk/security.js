// The simulator's device fingerprint: a number for this browser's tab.
(() => {
  'use strict';
  const script = document.currentScript;
  let id = sessionStorage.getItem('mp_device');
  if (!id) {
    id = 'armor.' + Array.from(crypto.getRandomValues(new Uint8Array(32)), (b) => b.toString(16).padStart(2, '0')).join('');
    sessionStorage.setItem('mp_device', id);
  }
  window.MP_DEVICE_SESSION_ID = id;
  const output = script && script.getAttribute('output');
  if (output) window[output] = id;
})();
