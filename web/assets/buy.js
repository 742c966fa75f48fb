// A buyer's page. Without it everything can be paid too.
"use strict";

// Lead on to the provider's page in this one's place: the way back does not lead here again.
(function () {
  const go = document.querySelector("a[data-go]");
  if (go) location.replace(go.href);
  else if (location.search === "?go=1") history.replaceState(null, "", location.pathname);
})();

// A form that takes along what was typed into another: <form data-with="#pay">.
document.addEventListener("submit", (e) => {
  const other = e.target.dataset.with && document.querySelector(e.target.dataset.with);
  if (!other) return;
  for (const [name, value] of new FormData(other)) {
    if (e.target.elements[name]) continue;
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    e.target.append(field);
  }
});

// A voucher whose time is over: ask how it stands.
document.addEventListener("posta:elapsed", () => setTimeout(() => location.assign(location.pathname + "/return"), 1500));
