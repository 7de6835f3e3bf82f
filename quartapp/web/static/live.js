// Keeps a message's status up to date. Without it the page says how things stood when it was made.
const PAUSE = 2000;

function follow(status) {
  const source = new EventSource(status.dataset.events);
  source.onmessage = (event) => {
    const progress = JSON.parse(event.data);
    if (status.textContent !== progress.sentence) status.textContent = progress.sentence;
    status.dataset.state = progress.state;
    if (progress.is_final) source.close();
  };
  // A browser asks again where nobody answers, but not after an error, such as a proxy's 502.
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, PAUSE, status);
  };
}

for (const status of document.querySelectorAll("[data-events]")) follow(status);
