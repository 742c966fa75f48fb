// Posta's page kit. No inline scripts: pages configure it with data- attributes.
"use strict";
window.posta = window.posta || {};

posta.cookie = function (name, value) {
  document.cookie = name + "=" + encodeURIComponent(value) + "; path=/; max-age=" + (value ? 31536000 : 0) + "; samesite=lax" + (location.protocol === "https:" ? "; secure" : "");
};

// posta.toast(words, kind): a short word at the foot of the page.
posta.toast = function (words, kind) {
  const box = document.getElementById("toasts");
  if (!box || !words) return;
  const one = document.createElement("div");
  one.className = "toast" + (kind ? " toast-" + kind : "");
  one.textContent = words;
  box.append(one);
  setTimeout(() => one.remove(), 4000);
};

document.addEventListener("click", (e) => {
  const opener = e.target.closest("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (dialog && !dialog.open) { e.preventDefault(); dialog.showModal(); }
    return;
  }
  if (e.target.closest("[data-close]")) e.target.closest("dialog")?.close();
  if (e.target.tagName === "DIALOG") e.target.close(); // the backdrop
  if (e.target.closest("[data-print]")) window.print();
});

// A second press of a submit button sends nothing: <form data-once>.
document.addEventListener("submit", (e) => {
  const form = e.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) { e.preventDefault(); return; }
  form.dataset.sent = "1";
  form.querySelectorAll("button:not([type=button])").forEach((b) => b.setAttribute("aria-disabled", "true"));
});
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => {
  delete form.dataset.sent;
  form.querySelectorAll("[aria-disabled]").forEach((b) => b.removeAttribute("aria-disabled"));
}));

// Theme and language: <select data-switch="theme|lang">. A filter that sends
// its form by itself: <select data-auto>.
document.addEventListener("change", (e) => {
  const which = e.target.dataset.switch;
  if (which === "theme") {
    posta.cookie("theme", e.target.value);
    if (e.target.value) document.documentElement.dataset.theme = e.target.value;
    else delete document.documentElement.dataset.theme;
  } else if (which === "lang") {
    posta.cookie("lang", e.target.value);
    location.reload();
  } else if (e.target.matches("[data-auto]")) {
    e.target.form?.requestSubmit();
  }
});
