// Copy buttons: <button data-copy="text"> or <button data-copy-from="#id">.
document.addEventListener("click", async (e) => {
  const button = e.target.closest("[data-copy],[data-copy-from]");
  if (!button) return;
  const source = button.dataset.copyFrom && document.querySelector(button.dataset.copyFrom);
  const text = source ? (source.value ?? source.textContent) : button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // plain http: the old way
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "sr";
    (button.closest("dialog") || document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.focus();
  }
  button.classList.add("done");
  setTimeout(() => button.classList.remove("done"), 1500);
  posta.toast(document.body.dataset.copied);
});
