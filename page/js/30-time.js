// Relative times kept fresh: <time datetime data-relative>; counts down to a
// moment: <time datetime data-countdown>, event posta:elapsed at its end.
// The server's clock may differ (a demo moves it): <body data-now> corrects.
(function () {
  const offset = document.body?.dataset.now ? Date.parse(document.body.dataset.now) - Date.now() : 0;
  const format = new Intl.RelativeTimeFormat(document.documentElement.lang || "es", { numeric: "always", style: "short" });
  const now = new Intl.RelativeTimeFormat(document.documentElement.lang || "es", { numeric: "auto" }).format(0, "second");
  posta.now = () => Date.now() + offset;
  posta.relative = function (at) {
    const s = (at - posta.now()) / 1000, a = Math.abs(s);
    if (a < 45) return now;
    if (a < 3600) return format.format(Math.sign(s) * Math.max(1, Math.round(a / 60)), "minute");
    if (a < 86400) return format.format(Math.trunc(s / 3600), "hour");
    if (a < 60 * 86400) return format.format(Math.trunc(s / 86400), "day");
    return format.format(Math.trunc(s / 30 / 86400), "month");
  };
  const set = (el, words) => { if (el.textContent !== words) el.textContent = words; };
  posta.refreshTimes = function () {
    document.querySelectorAll("time[data-relative]").forEach((el) => set(el, posta.relative(Date.parse(el.dateTime))));
  };
  function countdown() {
    document.querySelectorAll("time[data-countdown]").forEach((el) => {
      const left = Math.max(0, Math.ceil((Date.parse(el.dateTime) - posta.now()) / 1000));
      set(el, Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0"));
      if (left === 0 && !el.dataset.elapsed) {
        el.dataset.elapsed = "1";
        el.dispatchEvent(new CustomEvent("posta:elapsed", { bubbles: true }));
      }
    });
  }
  setInterval(posta.refreshTimes, 20000);
  setInterval(countdown, 500);
  countdown();
})();
