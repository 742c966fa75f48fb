// A file dropped on a form with data-drop is taken and sent at once.
"use strict";
document.querySelectorAll("form[data-drop]").forEach((form) => {
  const input = form.querySelector("input[type=file]");
  if (!input) return;
  let depth = 0;
  const over = (is) => form.classList.toggle("over", is);
  form.addEventListener("dragenter", (e) => { e.preventDefault(); depth++; over(true); });
  form.addEventListener("dragover", (e) => e.preventDefault());
  form.addEventListener("dragleave", () => { if (--depth <= 0) { depth = 0; over(false); } });
  form.addEventListener("drop", (e) => {
    e.preventDefault();
    depth = 0;
    over(false);
    if (!e.dataTransfer.files.length) return;
    input.files = e.dataTransfer.files;
    form.requestSubmit();
  });
  input.addEventListener("change", () => { if (input.files.length) form.requestSubmit(); });
});
