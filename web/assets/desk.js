// The desk: tax ids checked as they are typed, rows added to lists.
"use strict";
(function () {
  const weights = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
  function told(input) {
    const words = input.parentElement.querySelector("[data-told]"), country = input.form?.elements[input.dataset.country]?.value || "AR";
    if (!words) return;
    const digits = input.value.replace(/[\s.\/-]/g, "");
    let kind = "";
    if (country === "AR" && digits) {
      if (!/^\d*$/.test(digits) || digits.length > 11) kind = "bad";
      else if (digits.length < 11) kind = "short";
      else kind = (weights.reduce((sum, w, i) => sum + w * digits[i], 0) + +digits[10]) % 11 === 0 ? "good" : "bad";
    }
    words.textContent = kind ? input.dataset[kind] : "";
    words.className = "hint" + (kind === "good" ? " good" : kind === "bad" ? " bad" : "");
  }
  document.addEventListener("input", (e) => { if (e.target.matches?.("[data-taxid]")) told(e.target); });
  document.addEventListener("change", (e) => { e.target.form?.querySelectorAll?.("[data-taxid]").forEach((i) => i.value && told(i)); });
  document.querySelectorAll("[data-taxid]").forEach((i) => i.value && told(i));
  // <button type="button" data-more="#list">: one more empty row like the last.
  document.addEventListener("click", (e) => {
    const button = e.target.closest("[data-more]");
    if (!button) return;
    const list = document.querySelector(button.dataset.more), last = list?.lastElementChild;
    if (!last) return;
    const row = last.cloneNode(true);
    row.querySelectorAll("input, select").forEach((i) => { if (i.type !== "checkbox") i.value = i.tagName === "SELECT" ? i.options[0].value : ""; else i.checked = false; });
    row.querySelectorAll(".error").forEach((p) => p.remove());
    list.append(row);
    row.querySelector("input, select")?.focus();
  });
})();
