// The question of a card's bank, in a frame. When the bank says that it is done,
// the hub is asked what came of it. It may take the provider a moment to hear of
// it: the question is not asked again meanwhile.
(() => {
  "use strict";
  const form = document.querySelector("form[data-challenge]"), frame = document.querySelector("iframe[name=bank]");
  if (!form) return;
  const back = () => location.replace(form.dataset.challenge), key = "posta-3ds", id = form.elements.creq.value.slice(0, 200);
  const answered = () => { try { return sessionStorage.getItem(key) === id; } catch { return false; } };
  window.addEventListener("message", (e) => {
    if (e.source !== frame.contentWindow || !e.data || e.data.status !== "COMPLETE") return;
    try { sessionStorage.setItem(key, id); } catch { /* then it is asked once more */ }
    back();
  });
  form.hidden = true;
  if (answered()) {
    frame.hidden = true;
    document.getElementById("challenge-waits").hidden = false;
    setTimeout(back, 3000);
  } else form.submit();
})();
