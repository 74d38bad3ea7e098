// Pictures of an explorer get the words that the page has for them.
new MutationObserver(() => {
  for (const image of document.querySelectorAll(".longrun-explorer img:not([alt])")) {
    const place = image.closest("[data-alt]");
    image.alt = place ? place.dataset.alt : "picture of the explorer above";
  }
}).observe(document.documentElement, { childList: true, subtree: true });
