// Keeps a letter's status up to date. Without it the page says how things stood when it was made.
for (const status of document.querySelectorAll("[data-events]")) {
  const source = new EventSource(status.dataset.events);
  source.onmessage = (event) => {
    const progress = JSON.parse(event.data);
    if (status.textContent !== progress.sentence) status.textContent = progress.sentence;
    status.dataset.state = progress.state;
    if (progress.is_final) source.close();
  };
}
