// Keeps what is marked data-fresh as it would be after a reload. Without it the page has links.
const PAUSE = 2000;
const part = (page) => page.querySelector("[data-fresh]");

async function look() {
  if (!document.hidden) await refresh().catch(() => {});
  setTimeout(look, PAUSE);
}

async function refresh() {
  const answer = await fetch(location.href);
  if (answer.redirected) return location.replace(answer.url);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [before, after] = [part(document), part(page)];
  if (!after || before.innerHTML === after.innerHTML) return;
  const focused = before.contains(document.activeElement) && document.activeElement.href;
  document.title = page.title;
  before.replaceWith(after);
  if (focused) [...after.querySelectorAll("a")].find((link) => link.href === focused)?.focus();
  const news = document.querySelector("[data-news]");
  const subject = after.querySelector(".unread .subject");
  if (news && subject && before.dataset.newest !== after.dataset.newest) news.textContent = `New message: ${subject.lastChild.textContent.trim()}`;
}

setTimeout(look, PAUSE);
