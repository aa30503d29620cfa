/* What the course's site does in a browser: answers open together, figures enlarge, animations play again. Without it every
   page can still be read: folds open by themselves, and a figure is a picture. */

"use strict";

/* A question's outputs are several folds: they open and close as one. */
function joinAnswers() {
  for (const fold of document.querySelectorAll("details.answer")) {
    const question = [...fold.classList].find((name) => name.startsWith("to-"));
    fold.addEventListener("toggle", () => {
      for (const other of document.getElementsByClassName(question)) other.open = fold.open;
    });
  }
}

/* One dialog shows whichever figure was asked for; Escape and a click close it. */
function enlargeFigures() {
  const dialog = document.createElement("dialog");
  dialog.className = "enlarged";
  dialog.setAttribute("aria-label", "Enlarged figure");
  const close = document.createElement("button");
  close.className = "close";
  close.textContent = "Close";
  const large = document.createElement("img");
  dialog.append(close, large);
  dialog.addEventListener("click", () => dialog.close());
  for (const figure of document.querySelectorAll("img.figure:not(.strip)")) {
    const button = document.createElement("button");
    button.className = "enlarge";
    button.title = "Enlarge";
    const strip = figure.nextElementSibling?.matches("img.strip") ? figure.nextElementSibling : null;
    figure.before(button);
    button.append(figure);
    if (strip) button.append(strip);
    button.addEventListener("click", () => {
      if (!dialog.isConnected) document.body.append(dialog);
      const shown = strip && getComputedStyle(figure).display === "none" ? strip : figure;
      large.src = shown.src;
      large.alt = shown.alt;
      dialog.showModal();
    });
  }
}

/* An animation plays once when it is loaded. A browser replays it only under an address that it has not played yet. */
function playAnimations() {
  for (const figure of document.querySelectorAll("img.animation")) {
    const button = document.createElement("button");
    const address = figure.src;
    let run = 0;
    button.className = "play";
    button.textContent = "▶ Play";
    figure.closest("button").after(button);
    button.addEventListener("click", () => {
      run += 1;
      figure.classList.add("played");
      figure.nextElementSibling?.classList.add("played");
      figure.loading = "eager";
      figure.src = `${address}?run=${run}`;
    });
  }
}

/* Whatever scrolls sideways can be scrolled by the keyboard. */
function reachScrolling() {
  for (const part of document.querySelectorAll(".pst-scrollable-table-container, .bd-article mjx-container[display=true]")) {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
  }
}

/* Paper has no clicks. */
function unfoldForPrint() {
  window.addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details.answer")) fold.open = true;
  });
}

joinAnswers();
enlargeFigures();
playAnimations();
unfoldForPrint();
window.addEventListener("load", reachScrolling);
