// The theme's icons are replaced once, when the page is there; the widgets' own stay as their buttons expect them.
window.FontAwesomeConfig = { observeMutations: false };

// Pictures of an explorer get words: the last heading above it.
new MutationObserver(() => {
  for (const image of document.querySelectorAll(".longrun-explorer img:not([alt])")) {
    const place = image.closest("section");
    image.alt = `picture that the controls above it change: ${place ? place.querySelector("h1, h2, h3").innerText : document.title}`;
  }
}).observe(document.documentElement, { childList: true, subtree: true });
