// Keys for lists: / search, j k move, Enter open, ? help. Rows are the
// children of [data-rows]; a row opens its first link.
(function () {
  const rows = () => [...document.querySelectorAll("[data-rows] > *")].filter((row) => row.querySelector("a[href]"));
  function move(by) {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row.classList.contains("marked"));
    const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by))];
    all[at]?.classList.remove("marked");
    next.classList.add("marked");
    next.querySelector("a[href]").focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open]")) return;
    const typing = e.target.closest?.("input, textarea, select, [contenteditable]");
    if (typing) {
      if (e.key === "Escape" && e.target.matches("[data-search]")) e.target.blur();
      return;
    }
    switch (e.key) {
      case "/": {
        const box = document.querySelector("[data-search]");
        if (!box) return;
        box.focus(); box.select();
        break;
      }
      case "j": move(1); break;
      case "k": move(-1); break;
      case "Enter": {
        const link = document.querySelector("[data-rows] > .marked a[href]");
        if (!link || e.target.closest?.("a, button, summary")) return;
        link.click();
        break;
      }
      case "?": document.getElementById("keys-help")?.showModal(); break;
      default: return;
    }
    e.preventDefault();
  });
  // A press anywhere on a row opens it, unless it was on something of its own or text was marked.
  document.addEventListener("click", (e) => {
    const row = e.target.closest("[data-rows] > *");
    if (!row || e.target.closest("a, button, input, label, select, summary, dialog") || String(getSelection())) return;
    const link = row.querySelector("a[href]");
    if (link) (e.ctrlKey || e.metaKey) ? window.open(link.href) : link.click();
  });
})();
